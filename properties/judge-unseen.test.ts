import { describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import type { Setup } from "../events/setup.ts";
import type { Step } from "../history/step.ts";
import { stepsOf } from "../history/step.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import {
  command,
  dma,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  queueOn,
  rootTable,
  submit,
  tables,
  te,
  turnOn,
  wbf,
} from "./examples/driver.ts";
import type { Inputs } from "./examples/given.ts";
import { flat } from "./examples/given.ts";
import { entry, msi, msiAddress, remapped, remapping } from "./examples/interrupt-driver.ts";
import { nvme, unit } from "./examples/unit.ts";
import { besideOf, followFlushing, noFlushing } from "./flushing.ts";
import type { Judged } from "./judge.ts";
import { judge } from "./judge.ts";

const emulated = [{ device: nvme, physical: false }];
const buffered = unit({ cap: { rwbf: true, cm: false }, devices: emulated });
const incoherent = unit({ cap: { cm: false }, ecap: { c: false }, devices: emulated });
const caching = unit({ ecap: { c: false } });
const flush: Input = { type: "CacheFlush", gpa: rootTable as Gpa, length: 0x6000n };

/** The judgement of the last of some inputs, and how often anything was found before it. */
function judged(setup: Setup, ...inputs: readonly Inputs[]): Judged & { readonly seq: number } {
  let flushing = noFlushing;
  let last: { step: Step; judged: Judged } | undefined;
  for (const step of stepsOf(createWorld(setup), flat(inputs))) {
    const beside = besideOf(flushing, step);
    last = { step, judged: judge(step, beside) };
    flushing = followFlushing(flushing, step, beside);
  }
  if (last === undefined) throw new Error("nothing happened");
  return { ...last.judged, seq: last.step.seq };
}

/** A read of the page, with what was recorded of it. */
const seenAt = (gpa: bigint): Input => ({ ...dma("read", page), observed: { gpa: gpa as Gpa } });
const seenBlocked = (reason: number): Input => ({ ...dma("read", page), observed: { reason } });
const verdictOf = (...given: Parameters<typeof judged>): string => judged(...given).verdict.verdict;

describe("what was recorded while the unit need not see a write", () => {
  const clear = memory(leafEntry, 0n);
  const set = memory(leafEntry, 0xa003n);

  test.each([
    ["a write buffer", buffered, command(wbf), command(te | wbf)],
    ["caches that are not snooped", incoherent, flush, flush],
  ])("[WB20] with %s both answers are right, until it is flushed", (_, setup, first, last) => {
    const before = [tables, clear, first, turnOn, set];
    expect(verdictOf(setup, before, seenBlocked(6))).toBe("agree");
    expect(verdictOf(setup, before, seenAt(0xa000n))).toBe("agree");
    expect(verdictOf(setup, before, seenAt(0x7000n))).toBe("disagree");
    expect(verdictOf(setup, before, seenBlocked(1))).toBe("disagree");
    expect(verdictOf(setup, before, last, seenBlocked(6))).toBe("disagree");
    expect(verdictOf(setup, before, last, seenAt(0xa000n))).toBe("agree");
  });

  test("[WB20] of several writes the unit may see some and not others", () => {
    const before = [tables, clear, turnOn, set];
    for (const reason of [1, 2, 6])
      expect(verdictOf(buffered, before, seenBlocked(reason))).toBe("agree");
    expect(verdictOf(buffered, before, seenBlocked(5))).toBe("disagree");
    expect(verdictOf(buffered, before, seenAt(0xa000n))).toBe("agree");
    const leaf = [memory(leafEntry, 0x7003n), command(wbf)];
    const upper = [leaf, flat(tables).slice(0, -1), turnOn, set];
    expect(verdictOf(buffered, upper, seenAt(0x7000n))).toBe("agree");
    expect(verdictOf(buffered, upper, seenAt(0xb000n))).toBe("disagree");
  });

  test("[WB20] what may have been seen before an invalidation is right after it", () => {
    const before = [tables, clear, flush, turnOn, queueOn, set];
    expect(verdictOf(caching, before, seenAt(0xa000n))).toBe("disagree");
    const announced = [before, submit(iotlbOfAll)];
    expect(verdictOf(caching, announced, seenAt(0xa000n))).toBe("agree");
    expect(verdictOf(caching, announced, seenBlocked(6))).toBe("agree");
    expect(verdictOf(caching, announced, flush, seenBlocked(6))).toBe("agree");
  });

  test("[WB20] an interrupt through an entry that need not be seen went or did not", () => {
    const before = [remapping, entry(3, remapped({ vector: 0x41 }))];
    const blocked = { ...msi(3), observed: { reason: 0x22 } } as Input;
    const address = 0xfee0_0000n | (5n << 12n);
    const delivered = { ...msi(3), observed: { address, data: 0x4041 } } as Input;
    expect(verdictOf(buffered, before, blocked)).toBe("agree");
    expect(verdictOf(buffered, before, delivered)).toBe("agree");
    const other = { ...msi(3), observed: { address, data: 0x4042 } } as Input;
    expect(verdictOf(buffered, before, other)).toBe("disagree");
    expect(msiAddress(3)).not.toBe(address);
  });
});

describe("what relies on a write that was not flushed", () => {
  const set = memory(leafEntry, 0xa003n);
  const on = [tables, memory(leafEntry, 0n), command(wbf), turnOn];

  test("[WB21] a request that is blocked unless the unit sees it, and who wrote it", () => {
    const { unflushed, seq } = judged(buffered, on, set, dma("read", page));
    const wrote = seq - 1;
    expect(unflushed).toMatchObject({ seq, wrote: [wrote] });
    expect(unflushed?.text).toBe(
      `the DMA of 00:04.0 at 0x1806000 relies on the level 1 entry at 0x6030, written by event ` +
        `${wrote} and with no flush of the write buffer since (CAP.RWBF=1); GCMD.WBF, or an ` +
        "invalidation, flushes the write buffer",
    );
    expect(judged(buffered, on, set, seenAt(0xa000n)).unflushed).toBeDefined();
  });

  test("[WB21] of lines that were not written back the same is told", () => {
    const late = [tables, memory(leafEntry, 0n), flush, turnOn, set];
    const { unflushed } = judged(incoherent, late, dma("read", page));
    expect(unflushed?.text).toMatch(/level 1 entry at 0x6030, .* not written back \(ECAP.C=0\)$/);
    const announced = [tables, memory(leafEntry, 0n), flush, turnOn, queueOn, set];
    expect(judged(caching, announced, dma("read", page)).unflushed).toBeUndefined();
    const wrong = judged(caching, announced, submit(iotlbOfAll), dma("read", page));
    expect(wrong.unflushed?.text).toContain("not written back");
    const interrupts = [remapping, entry(3, remapped({ vector: 0x41 })), msi(3)];
    expect(judged(incoherent, interrupts).unflushed?.text).toMatch(
      /^the interrupt request relies on the interrupt entry 0x3 at 0x100030/,
    );
  });

  test.each([
    ["was flushed", [set, command(te | wbf), dma("read", page)]],
    ["takes a page away", [memory(leafEntry, 0xa003n), command(te | wbf), memory(leafEntry, 0n)]],
    ["maps another page", [set, dma("read", page + 0x1000n)]],
    ["allows less than is asked", [memory(leafEntry, 0xa001n), dma("write", page)]],
  ])("[WB21] nothing is told where what was written %s", (_, inputs) => {
    const last = inputs.at(-1)?.type === "Dma" ? [] : [dma("read", page)];
    expect(judged(buffered, on, inputs, last).unflushed).toBeUndefined();
  });
});
