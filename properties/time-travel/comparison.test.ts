import { describe, expect, it } from "vitest";
import { gpa, iova, sourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { Judge } from "../../history/timeline/finding.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { timelineOf } from "../../history/timeline/timeline.ts";
import { pairsOfBranch, pairsOfRuns } from "../../history/what-if/alignment.ts";
import { branchOf } from "../../history/what-if/branch.ts";
import { compareBranch, compareTwo } from "../../history/what-if/comparison.ts";
import { eventOfInput } from "../../history/what-if/fork.ts";
import { someRuns, travelled } from "./travelled.ts";

const runs = someRuns(75, 4);
const worlds = runs.slice(0, 1).map((run) => travelled(run));

/** Finds something wrong wherever a DMA is blocked. */
const blocked: Judge = ({ seq, facts }) =>
  facts.flatMap(({ type }, index) =>
    type === "DmaBlocked" ? [{ law: "B1", seq: seq + 1 + index, text: "blocked" }] : [],
  );
const blocking = runs.map((run) => travelled(run, { spacing: 24, judge: blocked }));

describe("comparisons", () => {
  it("[TT17] a comparison shows the first divergence, what DMA came to, and what is wrong", () => {
    let [changed, found] = [0, 0];
    for (const { run, timeline } of blocking) {
      for (const step of run.steps) {
        if (step.input.type !== "RegisterWrite" && step.input.type !== "MemoryWrite") continue;
        if (step.seq % 17 !== 0) continue;
        const branch = branchOf(timeline, "without", [{ kind: "remove", at: step.seq }]);
        const told = compareBranch(branch);
        expect(told.first).toMatchObject({ kind: "input", left: { seq: step.seq } });
        expect(told.first?.right).toBeUndefined();
        for (const { seq } of [...told.appeared, ...told.vanished]) {
          expect(seq).toBeGreaterThanOrEqual(step.seq);
        }
        for (const { left, right } of told.dma) {
          expect(left).not.toEqual(right);
          expect(left?.iova).toBe(right?.iova);
          changed += 1;
        }
        const laws = (of: Timeline): number => of.findings.all.length;
        const [before, after] = [laws(timeline), laws(branch.timeline)];
        expect(after - before).toBe(told.appeared.length - told.vanished.length);
        found += told.appeared.length + told.vanished.length;
        const aligned = compareTwo(timeline, branch.timeline);
        expect(aligned.dmaDiffering).toBeLessThanOrEqual(told.dmaDiffering);
        expect(aligned.differing).toBeGreaterThan(0);
      }
    }
    expect(changed).toBeGreaterThan(10);
    expect(found).toBeGreaterThan(10);
  });

  it("[TT17] each input of a log and of a branch is in one pair, wherever it was moved", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const seqOf = (place: number): number => eventOfInput(timeline, place);
    const branch = branchOf(timeline, "moved", [
      { kind: "move", at: seqOf(20), before: seqOf(10) },
      { kind: "remove", at: seqOf(12) },
      { kind: "remove", at: seqOf(25) },
      { kind: "insert", before: seqOf(14), input: { type: "UnitReset" } },
    ]);
    const pairs = [...pairsOfBranch(branch)];
    const lefts = pairs.flatMap(({ left }) => left ?? []).sort((a, b) => a - b);
    const rights = pairs.flatMap(({ right }) => right ?? []);
    const { first } = branch;
    const placesFrom = (count: number) =>
      Array.from({ length: count - first }, (_, index) => first + index);
    expect(lefts).toEqual(placesFrom(timeline.inputs.count));
    expect(rights).toEqual(placesFrom(branch.timeline.inputs.count));
    const alone = pairs.flatMap(({ left, right }) => (right === undefined ? [left] : []));
    expect(alone).toEqual([12, 25]);
    expect(pairs[0]).toEqual({ left: 20, right: 10 });
  });

  it("[TT17] two runs are aligned by what they did", () => {
    const [{ run }] = worlds as [(typeof worlds)[number]];
    const { inputs, start } = run;
    const note = (text: string): Input => ({ type: "Note", text });
    const left = timelineOf(start, [...inputs.slice(0, 9), note("a"), ...inputs.slice(9)]);
    const right = timelineOf(start, [
      ...inputs.slice(0, 20),
      note("b"),
      note("c"),
      ...inputs.slice(20),
    ]);
    const alone = [...pairsOfRuns(left, right)].filter(
      (pair) => pair.left === undefined || pair.right === undefined,
    );
    expect(alone).toEqual([
      { left: 9, right: undefined },
      { left: undefined, right: 20 },
      { left: undefined, right: 21 },
    ]);
    const all = [...pairsOfRuns(left, right)];
    expect(all.flatMap((pair) => pair.left ?? [])).toEqual(
      inputs.map((_, at) => at).concat([inputs.length]),
    );
    expect(all.flatMap((pair) => pair.right ?? [])).toHaveLength(inputs.length + 2);
    expect(compareTwo(left, right)).toMatchObject({ differing: 3, dmaDiffering: 0 });
  });

  it("[TT17] boots of two runs are aligned with the one that they have most in common with", () => {
    const [{ run }] = worlds as [(typeof worlds)[number]];
    const { start } = run;
    const first = run.inputs.slice(0, 40);
    const reset: Input = { type: "UnitReset" };
    const boot = (base: number, count: number): readonly Input[] =>
      Array.from({ length: count }, (_, at): readonly Input[] => [
        { type: "MemoryWrite", gpa: gpa(BigInt(base + at * 8)), bytes: new Uint8Array(8) },
        { type: "RegisterWrite", offset: 0x88, size: 4, value: BigInt(at) },
        { type: "Dma", device: sourceId(0x20), iova: iova(BigInt(base + at * 4096)) } as Input,
      ]).flat();
    const [second, moved] = [boot(0x10_0000, 50), boot(0x50_0000, 50)];
    const left = timelineOf(start, [...first, reset, ...second]);
    const right = timelineOf(start, [...first, reset, ...boot(0, 9), reset, ...moved]);
    const pairs = [...pairsOfRuns(left, right)];
    const [begun, others] = [first.length + 1, 9 * 3 + 1];
    const partners = new Map(pairs.map((pair) => [pair.left, pair.right]));
    for (let at = 0; at < first.length; at++) expect(partners.get(at)).toBe(at);
    for (const at of second.keys()) expect(partners.get(begun + at)).toBe(begun + others + at);
    const alone = pairs.filter((pair) => pair.left === undefined);
    expect(alone.map((pair) => pair.right)).toHaveLength(others);
    expect(pairs.flatMap((pair) => pair.left ?? [])).toHaveLength(left.inputs.count);
    expect(new Set(pairs.flatMap((pair) => pair.right ?? [])).size).toBe(right.inputs.count);
    const back = [...pairsOfRuns(right, left)];
    expect(back.filter((pair) => pair.right === undefined)).toHaveLength(others);
  });

  it("[TT17] what did the same elsewhere stands for each other, also after thousands", () => {
    const [{ run }] = worlds as [(typeof worlds)[number]];
    const writes = (base: number): readonly Input[] =>
      Array.from({ length: 2500 }, (_, at) => {
        const bytes = new Uint8Array(at % 2 === 0 ? 8 : 16);
        return { type: "MemoryWrite", gpa: gpa(BigInt(base + at * 16)), bytes };
      });
    const note: Input = { type: "Note", text: "more" };
    const left = timelineOf(run.start, writes(0));
    const right = timelineOf(run.start, [note, ...writes(0x10_0000)]);
    const pairs = [...pairsOfRuns(left, right)];
    expect(pairs[0]).toEqual({ left: undefined, right: 0 });
    expect(pairs.slice(1).every((pair) => pair.right === (pair.left ?? 0) + 1)).toBe(true);
  });
});
