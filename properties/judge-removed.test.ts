import { describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import type { Setup } from "../events/setup.ts";
import { stepsOf } from "../history/step.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import {
  command,
  contextEntry,
  contextsOfAll,
  dma,
  iotlbOfAll,
  iotlbOfDomain,
  leafEntry,
  memory,
  page,
  qie,
  queueOn,
  rootTable,
  submit,
  tables,
  te,
  turnOn,
  waitNothing,
  wbf,
} from "./examples/driver.ts";
import type { Inputs } from "./examples/given.ts";
import { flat } from "./examples/given.ts";
import {
  announce as announceEntry,
  entry,
  forgetAll,
  msi,
  remapped,
  remapping,
} from "./examples/interrupt-driver.ts";
import { nvme, unit } from "./examples/unit.ts";
import { besideOf, followFlushing, noFlushing } from "./flushing.ts";
import { judge } from "./judge.ts";

const emulated = [{ device: nvme, physical: false }];
const incoherent = unit({ cap: { cm: false }, ecap: { c: false }, devices: emulated });
const caching = unit({ ecap: { c: false } });
const both = unit({ cap: { cm: false, rwbf: true }, ecap: { c: false }, devices: emulated });
const buffered = unit({ cap: { cm: false, rwbf: true }, devices: emulated });
const flush: Input = { type: "CacheFlush", gpa: rootTable as Gpa, length: 0x6000n };

/** What the last of some inputs is found to go by, or to rely on. */
function found(setup: Setup, ...inputs: readonly Inputs[]): string | undefined {
  let flushing = noFlushing;
  let text: string | undefined;
  for (const step of stepsOf(createWorld(setup), flat(inputs))) {
    const beside = besideOf(flushing, step);
    text = judge(step, beside).unflushed?.text;
    flushing = followFlushing(flushing, step, beside);
  }
  return text;
}

const booted = [tables, flush, turnOn, queueOn];
const announce = submit(iotlbOfDomain(5), waitNothing);
const use = dma("read", page);
const gone = memory(leafEntry, 0n);

describe("what goes on by an entry that was taken away and is not flushed", () => {
  test.each([
    ["a device model", incoherent],
    ["a physical device", caching],
  ])("[WB32] a removal that is invalidated and not written back: %s", (_, setup) => {
    const text = found(setup, booted, gone, announce, use);
    expect(text).toMatch(
      /^the DMA of 00:04.0 at 0x1806000 goes by the level 1 entry at 0x6030 as it was: /,
    );
    expect(text).toMatch(
      /: written by event \d+, invalidated by event \d+, and not written back \(ECAP.C=0\)$/,
    );
    // Another page, or a right less, is the same.
    expect(found(setup, booted, memory(leafEntry, 0xa003n), announce, use)).toBeDefined();
    const narrower = memory(leafEntry, 0x7001n);
    expect(found(setup, booted, narrower, announce, dma("write", page))).toBeDefined();
    expect(found(setup, booted, narrower, announce, use)).toBeUndefined();
    // Used before: the invalidation makes the unit read the old entry again.
    expect(found(setup, booted, use, gone, announce, use)).toBeDefined();
  });

  test.each([
    ["nothing is invalidated", [gone]],
    ["it was invalidated before", [announce, gone]],
    ["another domain is", [gone, submit(iotlbOfDomain(6), waitNothing)]],
    ["it is written back first", [gone, flush, announce]],
    ["it is written back since", [gone, announce, flush]],
  ])("[WB32] nothing is told where %s", (_, inputs) => {
    expect(found(incoherent, booted, inputs, use)).toBeUndefined();
    expect(found(caching, booted, inputs, use)).toBeUndefined();
  });

  test("[WB32] behind a write buffer too, which alone holds nothing past an invalidation", () => {
    const shown = [tables, flush, command(wbf), turnOn, queueOn];
    expect(found(both, shown, gone, announce, use)).toContain("neither written back");
    const late = [shown, gone, announce, flush];
    expect(found(both, late, use)).toMatch(/and with no flush of the write buffer since/);
    expect(found(both, late, command(te | qie | wbf), use)).toBeUndefined();
    expect(found(buffered, shown, gone, announce, use)).toBeUndefined();
  });

  test("[WB32] of a context entry its own invalidation counts", () => {
    const away = memory(contextEntry, 0n);
    expect(found(incoherent, booted, away, submit(iotlbOfAll), use)).toBeUndefined();
    const text = found(incoherent, booted, away, submit(contextsOfAll, waitNothing), use);
    expect(text).toContain("goes by the context entry at");
  });

  test("[WB32] of an interrupt entry the invalidation of it", () => {
    const set = [
      remapping,
      entry(3, remapped({ vector: 0x41 })),
      { ...flush, gpa: 0n as Gpa, length: 0x20_0000n },
    ];
    const cleared = entry(3, 0n);
    const text = found(incoherent, set, cleared, announceEntry(0, forgetAll), msi(3));
    expect(text).toMatch(
      /^the interrupt request goes by the interrupt entry 0x3 at 0x100030 as it/,
    );
    // An invalidation of index 2 alone is about another entry, one of 3 about this.
    const indexed = (index: bigint) => announceEntry(0, 4n | (1n << 4n) | (index << 32n));
    expect(found(incoherent, set, cleared, indexed(2n), msi(3))).toBeUndefined();
    expect(found(incoherent, set, cleared, indexed(3n), msi(3))).toBeDefined();
    expect(found(incoherent, set, cleared, indexed(4n), msi(3))).toBeUndefined();
    expect(found(incoherent, set, cleared, msi(3))).toBeUndefined();
  });
});
