// Length: one subject, with what it has in common.

import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { stateHash } from "../../projections/digest.ts";
import {
  command,
  contextsOfAll,
  contextsOfDevice,
  deviceTlbOf,
  dma,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  ire,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  queueOn,
  reads,
  rootTable,
  srtp,
  submit,
  tables,
  te,
  topTable,
  turnOn,
  unmap,
  waitStatus,
  wbf,
  write8,
} from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { entry, forgetAll, interruptTable, msi, remapped, remapping } from "./interrupt-driver.ts";
import { pasidTable, scalableOn, scalableUnit } from "./scalable-driver.ts";
import { allPasids, announce, pasidIotlb, scalableQueue } from "./scalable-queue.ts";
import { hostBase, iotlb, nvme, unit } from "./unit.ts";

const buffered = unit({ cap: { rwbf: true } });
/** Without caching mode what is not present is read again by each request. */
const plain = unit({ cap: { rwbf: true, cm: false }, ecap: { dt: false } });
const emulated = unit({
  cap: { rwbf: true, cm: false },
  devices: [{ device: nvme, physical: false }],
});
const both = unit({
  cap: { rwbf: true, cm: false },
  ecap: { c: false },
  devices: [{ device: nvme, physical: false }],
});
const flush: Input = { type: "CacheFlush", gpa: rootTable as Gpa, length: 0x6000n };

/** Where a read of the page goes, or for what reason it is blocked. */
function outcome(scene: Scene): bigint | number | undefined {
  const { of } = scene.when(reads(page));
  return of("DmaLanded")[0]?.gpa ?? of("DmaBlocked")[0]?.reason;
}

const seen = (scene: Scene): bigint => scene.word(leafEntry);

describe("a write buffer that software must flush", () => {
  const waiting = given(buffered, tables, command(wbf), turnOn, memory(leafEntry, 0xa003n));

  test("[WB10] with CAP.RWBF the unit sees what the CPU wrote once WBF is done", () => {
    const unflushed = given(emulated, tables, turnOn);
    expect(outcome(unflushed)).toBe(1);
    expect(outcome(unflushed.when(command(te | wbf)))).toBe(0x7000n);
    expect(seen(waiting)).toBe(0x7003n);
    expect(seen(waiting.when(command(te | wbf)))).toBe(0xa003n);
    expect(waiting.when(command(te | wbf)).register(at.gsts) & wbf).toBe(0n);
    expect(seen(given(unit(), tables))).toBe(0x7003n);
  });

  test("[WB10] of several writes to a word the last one is seen, and of each word its own", () => {
    const end = 0x6ff8n;
    const several = waiting.when(
      memory(leafEntry, 0xb003n),
      memory(leafEntry + 8n, 0xc003n),
      memory(end, 0xd003n),
    );
    const done = several.when(command(te | wbf));
    expect(seen(done)).toBe(0xb003n);
    expect(done.word(leafEntry + 8n)).toBe(0xc003n);
    expect(done.word(end)).toBe(0xd003n);
    expect(done.guest().memory.buffered.size).toBe(0);
  });

  test("[WB11] WBF beside TE in one write comes first", () => {
    const scene = given(
      buffered,
      tables,
      [write8(at.rtaddr, rootTable), command(srtp)],
      command(te | wbf),
    );
    expect(scene.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
  });

  test("[WB33] a new unit sees what waited in the buffer of the one before", () => {
    const create: Input = { type: "UnitCreate", base: 0xfed9_0000n as Gpa, caps: 1n };
    expect(seen(waiting.when({ type: "UnitDestroy" }))).toBe(0x7003n);
    expect(seen(waiting.when({ type: "UnitDestroy" }, create))).toBe(0xa003n);
    const cached = given(both, tables, flush, { type: "UnitDestroy" }).when(memory(leafEntry, 0n));
    expect(seen(cached.when(create))).toBe(0x7003n);
  });

  test("[WB12] SRTP, SIRTP and what turns a part of the unit on flush nothing", () => {
    const scene = given(buffered, tables, turnOn, remapping, command(te | qie | ire));
    expect(seen(scene)).toBe(0n);
    expect(seen(scene.when(command(te | qie | ire | srtp)))).toBe(0n);
    expect(seen(scene.when({ type: "CacheFlush", gpa: 0n as Gpa, length: 0x10_0000n }))).toBe(0n);
  });
});

describe("invalidations flush the write buffer before they forget", () => {
  const on = given(buffered, tables, command(wbf), turnOn, queueOn, memory(leafEntry, 0xa003n));

  test.each([
    ["all contexts", contextsOfAll],
    ["the contexts of another domain", contextsOfDevice(9, 0x300)],
    ["all of the IOTLB", iotlbOfAll],
    ["another domain", iotlbOfDomain(9)],
    ["another page", iotlbOfPage(9, 0n)],
    ["interrupt entries", forgetAll],
  ])("[WB13] through the queue: %s", (_, descriptor) => {
    expect(seen(on.when(submit(descriptor)))).toBe(0xa003n);
  });

  test.each([
    ["PASID-cache", allPasids],
    ["PASID-based IOTLB", pasidIotlb(9, 7)],
  ])("[WB13] through the queue of scalable mode: %s", (_, descriptor) => {
    const scalable = scalableUnit({ cap: { rwbf: true } });
    const scene = given(scalable, scalableOn, scalableQueue, memory(pasidTable, 0x77n));
    expect(scene.word(pasidTable)).toBe(0n);
    expect(scene.when(announce(descriptor)).word(pasidTable)).toBe(0x77n);
  });

  test("[WB13] through registers", () => {
    const off = given(buffered, tables, command(wbf), turnOn, memory(leafEntry, 0xa003n));
    expect(seen(off.when(write8(at.ccmd, (1n << 63n) | (1n << 61n))))).toBe(0xa003n);
    expect(seen(off.when(write8(iotlb, (1n << 63n) | (1n << 60n))))).toBe(0xa003n);
  });

  test("[WB14] what is covered follows what the buffer held; the rest is pending", () => {
    const covered = on.when(submit(iotlbOfPage(5, page)));
    expect(covered.of("ShadowMapped")).toMatchObject([{ gpa: 0xa000n }]);
    expect(outcome(covered)).toBe(0xa000n);
    const other = on.when(submit(iotlbOfPage(5, page + 0x1000n)));
    expect(outcome(other)).toBe(0x7000n);
    expect(other.of("ShadowMapped")).toEqual([]);
    expect(outcome(other.when(submitAtNext(iotlbOfPage(5, page))))).toBe(0xa000n);
  });

  test("[WB15] a wait, an invalidation of a device TLB and what is refused flush nothing", () => {
    expect(seen(on.when(submit(waitStatus(0x9000n, 1), deviceTlbOf(nvme))))).toBe(0x7003n);
    expect(seen(on.when(submit(0x02n)))).toBe(0x7003n);
    const queued = on.when(write8(iotlb, (1n << 63n) | (1n << 60n)));
    expect(queued.refusals).toHaveLength(1);
    expect(seen(queued)).toBe(0x7003n);
  });

  test("[WB13] SIRTP that invalidates by itself flushes too, and so does SRTP", () => {
    const caps = { rwbf: true, esrtps: true, esirtps: true };
    const self = given(
      unit({ cap: caps }),
      tables,
      command(wbf),
      turnOn,
      memory(leafEntry, 0xa003n),
    );
    expect(seen(self.when(command(te | srtp)))).toBe(0xa003n);
    expect(seen(self.when(remapping))).toBe(0xa003n);
  });
});

const submitAtNext = (descriptor: bigint): Inputs => [
  memory(queue + 16n, descriptor & ((1n << 64n) - 1n), descriptor >> 64n),
  write8(at.iqt, 0x20n),
];

describe("without ECAP.C and with CAP.RWBF", () => {
  const start = given(both, tables, flush, command(wbf), turnOn, memory(leafEntry, 0xa003n));

  test("[WB16] a write needs both: the line written back, and the buffer flushed", () => {
    expect(seen(start)).toBe(0x7003n);
    expect(seen(start.when(command(te | wbf)))).toBe(0x7003n);
    expect(seen(start.when(flush))).toBe(0x7003n);
    expect(seen(start.when(flush, command(te | wbf)))).toBe(0xa003n);
    const atOnce = start.when({ ...memory(leafEntry, 0xb003n), flushed: true });
    expect(seen(atOnce)).toBe(0x7003n);
    expect(seen(atOnce.when(command(te | wbf)))).toBe(0xb003n);
  });

  test("[WB16] what is written back and changed again is seen as it was written back", () => {
    const again = start.when(flush, memory(leafEntry, 0xb003n));
    expect(seen(again.when(command(te | wbf)))).toBe(0xa003n);
    expect(seen(again.when(command(te | wbf), flush, command(te | wbf)))).toBe(0xb003n);
  });

  test("[WB16] a flush of lines that were not written puts nothing into the buffer", () => {
    const neighbour = start.when({ type: "CacheFlush", gpa: 0x6040n as Gpa, length: 64n });
    expect(neighbour.guest().memory.buffered.size).toBe(0);
    expect(seen(neighbour.when(command(te | wbf)))).toBe(0x7003n);
  });
});

describe("what else meets the write buffer", () => {
  const waiting = given(buffered, tables, command(wbf), turnOn, memory(leafEntry, 0xa003n));

  test("[WB17] what a device or the unit writes is seen at once, and not undone by a flush", () => {
    const status = waiting.when(queueOn, submit(waitStatus(leafEntry + 8n, 7)));
    expect(status.word(leafEntry + 8n)).toBe(7n);
    expect(seen(status)).toBe(0x7003n);
    const done = status.when(command(te | qie | wbf));
    expect(done.word(leafEntry + 8n)).toBe(7n);
    expect(seen(done)).toBe(0xa003n);
    const set = memory(leafEntry, 0xa003n);
    const cached = given(both, tables, flush, command(wbf), turnOn, set);
    const beside: Input = { ...dma("write", leafEntry + 8n), bytes: new Uint8Array(8).fill(7) };
    const landed = cached.when(command(0n), beside, flush, command(wbf));
    expect(landed.word(leafEntry + 8n)).toBe(0x0707_0707_0707_0707n);
    expect(seen(landed)).toBe(0xa003n);
  });

  test("[WB17] the queue is what the CPU wrote, flushed or not", () => {
    const unflushed = waiting.when(queueOn, submit(iotlbOfAll));
    expect(unflushed.of("IotlbInvalidated")).toHaveLength(1);
  });

  test("[WB18] an interrupt entry is used as it was until the buffer is flushed", () => {
    const table = [remapping, entry(3, remapped({ vector: 0x41 }))];
    const scene = given(plain, table);
    expect(scene.when(msi(3)).of("InterruptBlocked")).toMatchObject([{ reason: 0x22 }]);
    const flushed = scene.when(command(ire | qie | wbf));
    expect(flushed.when(msi(3)).of("InterruptDelivered")).toMatchObject([{ vector: 0x41 }]);
    expect(scene.word(interruptTable + 48n)).toBe(0n);
  });

  test("[WB19] what a page held in the buffer goes with the page", () => {
    const frame = 0x60_0000n;
    const inIt = waiting.when(memory(frame, 0x55n), unmap(frame, 0x20_0000n));
    const back: Input = {
      ...{ type: "P2mMap", gpa: frame as Gpa, hpa: (hostBase + frame) as never },
      ...{ length: 0x20_0000n, pageSize: "2M", read: true, write: true },
    };
    const again = inIt.when(back, command(te | wbf));
    expect(again.refusals).toEqual([]);
    expect(again.word(frame)).toBe(0n);
    expect(seen(again)).toBe(0xa003n);
  });

  test("[WB19] what the buffer holds is part of the state, and outlasts a reset", () => {
    const other = given(buffered, tables, command(wbf), turnOn, memory(topTable + 8n, 0xa003n));
    expect(stateHash(waiting.world)).not.toBe(stateHash(other.world));
    const reset = waiting.when({ type: "UnitReset" });
    expect(seen(reset)).toBe(0x7003n);
    expect(seen(reset.when(command(wbf)))).toBe(0xa003n);
  });
});
