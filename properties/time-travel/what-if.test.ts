import { describe, expect, it } from "vitest";
import type { Input } from "../../events/input.ts";
import { readLog } from "../../events/log/read-log.ts";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import { changesIn, lifelineOf } from "../../history/lifeline/lifeline.ts";
import { inputAt } from "../../history/timeline/input-store.ts";
import { eventAt, worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { timelineOf } from "../../history/timeline/timeline.ts";
import { branchOf, foldBranch, withEdit } from "../../history/what-if/branch.ts";
import { compareTwo } from "../../history/what-if/comparison.ts";
import type { Edit } from "../../history/what-if/edit.ts";
import { EditError } from "../../history/what-if/edit.ts";
import { eventOfInput } from "../../history/what-if/fork.ts";
import { linesOf } from "../../history/what-if/saved-log.ts";
import { stateHash } from "../../projections/digest.ts";
import { pagesAsked, someRuns, travelled, violationsOf } from "./travelled.ts";

const worlds = someRuns(75, 4).map((run) => travelled(run));

const inputOf = (timeline: Timeline, place: number): Input =>
  inputAt(timeline.inputs, place) as Input;

/** Edits after which everything is as it was. */
function noEdits(timeline: Timeline, place: number): readonly (readonly Edit[])[] {
  const at = eventOfInput(timeline, place);
  const input = inputOf(timeline, place);
  return [
    [],
    [{ kind: "change", at, input }],
    [{ kind: "move", at, before: at }],
    [
      { kind: "remove", at },
      { kind: "insert", before: at, input },
    ],
  ];
}

/** The inputs of a timeline. */
const inputsOf = (timeline: Timeline): readonly Input[] =>
  Array.from({ length: timeline.inputs.count }, (_, place) => inputOf(timeline, place));

describe("what if", () => {
  it("[TT14] a what-if that changes nothing changes nothing", () => {
    for (const { run, timeline } of worlds) {
      const hash = stateHash(timeline.end);
      for (const place of [Math.floor(run.inputs.length / 2), run.inputs.length - 1]) {
        for (const edits of noEdits(timeline, place)) {
          const branch = branchOf(timeline, "as it was", edits);
          expect(stateHash(branch.timeline.end)).toBe(hash);
          const { differing, dmaDiffering, ...rest } = compareTwo(timeline, branch.timeline);
          expect({ differing, dmaDiffering }).toEqual({ differing: 0, dmaDiffering: 0 });
          expect(rest.first).toBeUndefined();
          expect([...rest.appeared, ...rest.vanished]).toEqual([]);
        }
      }
    }
  });

  it("[TT15] a branch is the timeline of its inputs, and the log stays as it was", () => {
    for (const { run, timeline } of worlds) {
      const hash = stateHash(timeline.end);
      const middle = Math.floor(run.inputs.length / 2);
      const seqOf = (place: number): number => eventOfInput(timeline, place);
      const reset: Input = { type: "UnitReset" };
      const edits: readonly Edit[] = [
        { kind: "remove", at: seqOf(middle) },
        { kind: "insert", before: seqOf(middle + 2), input: reset },
        { kind: "change", at: seqOf(middle + 3), input: { type: "Note", text: "other" } },
        { kind: "move", at: seqOf(middle + 5), before: seqOf(middle + 1) },
        { kind: "insert", before: timeline.end.seq + 1, input: reset },
      ];
      const branch = branchOf(timeline, "other", edits);
      const { inputs } = run;
      const wanted = [
        ...inputs.slice(0, middle),
        ...[inputs[middle + 5], inputs[middle + 1], reset, inputs[middle + 2]],
        ...[{ type: "Note", text: "other" }, inputs[middle + 4], ...inputs.slice(middle + 6)],
        reset,
      ] as Input[];
      expect(inputsOf(branch.timeline)).toEqual(wanted);
      const plain = timelineOf(run.start, wanted, { spacing: 24, judge: violationsOf });
      expect(stateHash(branch.timeline.end)).toBe(stateHash(plain.end));
      expect(branch.timeline.findings.all).toEqual(plain.findings.all);
      for (const at of [3, seqOf(middle) - 1, seqOf(middle) + 1, plain.end.seq - 1]) {
        expect(eventAt(branch.timeline, at)).toEqual(eventAt(plain, at));
        const [one, other] = [worldAt(branch.timeline, at), worldAt(plain, at)];
        expect(one && stateHash(one)).toBe(other && stateHash(other));
      }
      for (const text of [
        'event == "DmaBlocked" || reason > 0',
        "iova > 0 && writes(0, 65536)",
        "gpa >= 0",
      ]) {
        const asked = [branch.timeline, plain].map((of) => {
          const question = questionOf(of, parseExpression(text), changesIn(of));
          return Array.from({ length: of.end.seq }, (_, index) => question.isTrueAt(index + 1));
        });
        expect(asked[0]).toEqual(asked[1]);
      }
      const [place] = pagesAsked(run);
      if (place !== undefined) {
        expect(lifelineOf(branch.timeline, place)).toEqual(lifelineOf(plain, place));
      }
      expect(stateHash(timeline.end)).toBe(hash);
      expect(inputsOf(timeline)).toEqual(inputs);
    }
  });

  it("[TT15] a branch is saved as a log that says the same", () => {
    const [{ run, timeline }] = worlds as [(typeof worlds)[number]];
    const at = eventOfInput(timeline, 4);
    const branch = branchOf(timeline, "without", [{ kind: "remove", at }]);
    for (const withFacts of [false, true]) {
      const lines = [...linesOf(run.setup, branch.timeline, withFacts)];
      const read = readLog(`${lines.join("\n")}\n`);
      const events = [...read.events];
      const inputs = events.flatMap((event) => ("input" in event ? [event.input] : []));
      expect(stateHash(timelineOf(run.start, inputs).end)).toBe(stateHash(branch.timeline.end));
      expect(events.length === inputs.length).toBe(!withFacts);
    }
  });

  it("[TT16] an edit that cannot be is refused with its reason, and leaves the branch", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const at = eventOfInput(timeline, 2);
    const branch = branchOf(timeline, "one", [{ kind: "remove", at }]);
    const hash = stateHash(branch.timeline.end);
    const fact = Array.from({ length: timeline.end.seq }, (_, index) => index + 1).find(
      (seq) => eventAt(timeline, seq)?.cause !== seq,
    ) as number;
    const wrong: readonly (readonly [edit: unknown, reason: RegExp])[] = [
      [{ kind: "remove", at: timeline.end.seq + 1 }, /there is no event/],
      [{ kind: "remove", at: 0 }, /there is no event 0/],
      [{ kind: "change", at: fact, input: { type: "UnitReset" } }, /is a fact; it follows from/],
      [{ kind: "insert", before: 1, input: { type: "Dmaa" } }, /there is no input/],
      [{ kind: "insert", before: 1, input: { type: "MemoryWrite", gpa: 1n } }, /bytes/],
      [
        {
          kind: "insert",
          before: 1,
          input: { type: "RegisterWrite", offset: 4095, size: 8, value: 0n },
        },
        /beyond/,
      ],
      [{ kind: "remove", at }, /two edits of one input/],
    ];
    for (const [edit, reason] of wrong) {
      expect(() => withEdit(branch, edit as Edit)).toThrow(EditError);
      expect(() => withEdit(branch, edit as Edit)).toThrow(reason);
    }
    expect(stateHash(branch.timeline.end)).toBe(hash);
    expect(branch.edits).toHaveLength(1);
    foldBranch(timeline, "ended", []).return(branch);
    expect(withEdit(branch, { kind: "remove", at: eventOfInput(timeline, 3) }).edits).toHaveLength(
      2,
    );
  });
});
