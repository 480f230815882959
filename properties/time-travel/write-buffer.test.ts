import { describe, expect, it } from "vitest";
import { iova } from "../../events/address.ts";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import { isSameLife, lifeAt } from "../../history/lifeline/life.ts";
import { lifelineOf } from "../../history/lifeline/lifeline.ts";
import { lastWriter } from "../../history/memory-use/last-writer.ts";
import { lateWritesIn } from "../../history/query/late-writes-in.ts";
import { whyIn } from "../../history/query/why-in.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import { lateWriter } from "../../history/unseen.ts";
import { why } from "../../history/why.ts";
import {
  command,
  leafEntry,
  memory,
  page,
  reads,
  tables,
  te,
  turnOn,
  wbf,
  write8,
} from "../examples/driver.ts";
import type { Inputs } from "../examples/given.ts";
import { flat } from "../examples/given.ts";
import { iotlb, nvme, range, unit } from "../examples/unit.ts";
import type { Run } from "../laws/run.ts";
import { runOf } from "../laws/run.ts";
import { travelled } from "./travelled.ts";

const devices = [{ device: nvme, physical: false }];
const setup = unit({ cap: { rwbf: true, cm: false }, devices });
const place = { guest: 0, device: nvme, page: Number(page / 4096n), pasid: undefined };
const question = { guest: 0, device: nvme, iova: iova(page) };
const leaf = { guest: 0, gpa: leafEntry, length: 8 };

/** The tables are seen, then the leaf and a page far behind it wait in the write buffer. */
const waiting: Inputs = [tables, command(wbf), turnOn, reads(page)];
const late: Inputs = [memory(leafEntry, 0xa003n), memory(0x9_0000n, 1n)];

const flushes: readonly (readonly [fact: string, input: Inputs])[] = [
  ["WriteBufferFlushed", command(te | wbf)],
  ["WriteBufferDrained", write8(iotlb, (1n << 63n) | (1n << 60n))],
];

/** The numbers of the facts of one type. */
const factsOf = ({ steps }: Run, type: string): readonly number[] =>
  steps.flatMap(({ seq, facts }) =>
    facts.flatMap((fact, at) => (fact.type === type ? [seq + 1 + at] : [])),
  );

/** The worlds after each input. */
const worldsOf = ({ steps }: Run) => steps.map(({ seq, after: world }) => ({ seq, world }));

describe.each(flushes)("what waits until %s", (type, flush) => {
  const run = runOf({ setup, inputs: flat([waiting, late, flush, reads(page), flush]) });
  const { timeline } = travelled(run);
  const last = timeline.end.seq;
  const wrote = run.steps.find(
    ({ seq, input }) => seq > 10 && input.type === "MemoryWrite" && input.gpa === leafEntry,
  )?.seq as number;
  const flushed = factsOf(run, type).find((seq) => seq > wrote) as number;

  it("[TT12] who wrote a word is who made it seen, and nobody of a page that did not wait", () => {
    expect(lastWriter(timeline, leaf, flushed - 1)).toEqual({ seq: wrote, by: "cpu" });
    expect(lastWriter(timeline, leaf, last)).toEqual({ seq: flushed, by: "buffer" });
    const far = { ...leaf, gpa: 0x9_0000n };
    expect(lastWriter(timeline, far, last)).toEqual({ seq: flushed, by: "buffer" });
    expect(lastWriter(timeline, { ...leaf, gpa: 0x7_0000n }, last)).toBeUndefined();
  });

  it("[TT6] a flush writes to the pages that waited, in columns and by itself", () => {
    const where = (text: string): readonly number[] => {
      const asked = questionOf(timeline, parseExpression(text), () => false);
      const seqs = Array.from({ length: last }, (_, at) => at + 1);
      const found = seqs.filter(asked.isTrueAt);
      expect(seqs.filter(asked.isTrueOf)).toEqual(found);
      return found.filter((seq) => seq >= wrote);
    };
    expect(where("writes(0x6030, 8)")).toEqual([wrote, flushed]);
    expect(where("writes(0x90fff)")).toEqual([flushed]);
    expect(where("writes(0x91000, 0x100000)")).toEqual([]);
    expect(where("writes(0x1000, 0x5000)")).toEqual([]);
    expect(where(`event == "${type}" && gpa != null`)).toEqual([]);
  });

  it("[TT20] why tells of what waits, and of what was seen late, as from every step", () => {
    for (const at of [undefined, wrote, flushed - 1, flushed, last]) {
      const asked = at === undefined ? question : { ...question, at };
      const told = whyIn(timeline, asked);
      expect(told).toEqual(why(run.start, run.inputs, asked));
      if (told?.kind !== "dma" || at === undefined) continue;
      const isLate = at < flushed;
      const [unseen, trail] = [told.unseen.at(-1), told.trail.entries.at(-1)];
      expect(unseen?.seq).toBe(isLate ? wrote : undefined);
      expect(trail?.writes.map(({ by }) => by)).toEqual(isLate ? ["buffer"] : ["buffer", "buffer"]);
    }
    for (const [at, seq] of [
      [wrote - 1, undefined],
      [flushed - 1, wrote],
      [flushed, undefined],
    ] as const) {
      const world = worldAt(timeline, at) ?? timeline.end;
      expect(lateWriter(lateWritesIn(timeline, world, 0, [leafEntry]), leafEntry)).toBe(seq);
    }
  });

  it.each([false, true])("[TT10] a page lives on until its entry is seen, cm %s", (cm) => {
    const { inputs } = run;
    const other = runOf({ setup: unit({ cap: { rwbf: true, cm }, devices }), inputs });
    const { intervals } = lifelineOf(travelled(other).timeline, place);
    const lives = [{ seq: 0, world: other.start }, ...worldsOf(other)].map(({ seq, world }) => ({
      seq,
      life: lifeAt(world, place),
    }));
    const changes = lives.filter(({ life }, at) => {
      const before = lives[at - 1]?.life;
      return before === undefined || !isSameLife(before, life);
    });
    expect(intervals.map(({ from: seq, life }) => ({ seq, life }))).toEqual(changes);
    // Nothing changes at the write, something does at the flush.
    const late = other.steps.slice(-5).map(({ seq }) => seq);
    expect(changes.map(({ seq }) => seq).filter((seq) => seq >= (late[0] ?? 0))[0]).toBe(late[2]);
  });
});

it("[TT12] a flush is its guest's own, and reaches pages 5 GiB apart", () => {
  const far = 0x1_4000_0000n;
  const p2m = [range(0n, 0x1_0000_0000n, 0x10_0000n, "4K"), range(far, far * 2n, 0x1000n, "4K")];
  const alone = unit({ cap: { rwbf: true }, devices, p2m });
  const ofSecond = { p2m: [range(0n, 0x8_0000_0000n, 0x10_0000n, "4K")], devices: [] };
  const other = unit({ cap: { rwbf: true }, ...ofSecond });
  const both = { ...alone, guests: [...other.guests, ...alone.guests] };
  const inputs = [memory(leafEntry, 1n), memory(far, 1n), command(wbf)];
  const { timeline } = travelled(
    runOf({ setup: both, inputs: inputs.map((one) => ({ ...one, guest: 1 })) }),
  );
  const flush = timeline.end.seq;
  for (const gpa of [leafEntry, far]) {
    expect(lastWriter(timeline, { guest: 1, gpa, length: 8 }, flush)).toEqual({
      seq: flush,
      by: "buffer",
    });
    expect(lastWriter(timeline, { guest: 0, gpa, length: 8 }, flush)).toBeUndefined();
  }
});
