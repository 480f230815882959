import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  command,
  contextEntry,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  rootTable,
  submit,
  tables,
  te,
  topTable,
  turnOn,
  width4,
  write,
  writes,
} from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { behindBridge, bridge, nvme, record, unit } from "./unit.ts";

const bad = 0x10_0000n;
const im = 1n << 31n;
const ip = 1n << 30n;
const clearF = (index: number): Inputs => write(record(index) + 12, 1n << 31n);
const recordOf = (scene: Scene, index: number) =>
  FaultRecord.decode(
    scene.register(record(index), 8) | (scene.register(record(index) + 8, 8) << 64n),
  );

/** Functions 0 to 5 of 00:04, all of them without a context entry but the first. */
const many = [0, 1, 2, 3, 4, 5].map((fn) => (nvme + fn) as SourceId);
const busy = given(unit({ devices: many.map((device) => ({ device, physical: true })) }), booted);
const one = given(unit(), booted);

describe("fault records", () => {
  test("[FA3] a record holds page, source-id, reason and access", () => {
    const scene = one.when(reads(bad + 0x123n));
    expect(recordOf(scene, 0)).toMatchObject({
      fi: bad,
      sid: nvme,
      fr: 6,
      t1: true,
      f: true,
      pp: false,
      at: 0,
    });
    expect(recordOf(one.when(writes(bad)), 0)).toMatchObject({ fr: 5, t1: false });
  });

  test("[FA4] a fault of a source-id that has a record already collapses into it", () => {
    const scene = one.when(reads(bad), writes(bad + 0x1000n));
    expect(scene.of("FaultCollapsed")).toEqual([
      { type: "FaultCollapsed", source: nvme, reason: 5 },
    ]);
    expect(recordOf(scene, 1).f).toBe(false);
  });

  test("[FA5] records fill in order and wrap; FRI is the one that set PPF", () => {
    const three = many.slice(0, 3).map((device) => reads(bad, device));
    const scene = busy.when(three);
    expect(scene.of("FaultRecorded").map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(scene.register(at.fsts)).toBe(0x002n);
    const next = scene.when(clearF(0), clearF(1));
    expect(next.register(at.fsts)).toBe(0x002n);
    const wrapped = next.when(many.slice(3, 5).map((device) => reads(bad, device)));
    expect(wrapped.of("FaultRecorded").map(({ index }) => index)).toEqual([3, 0]);
    expect(wrapped.register(at.fsts)).toBe(0x002n);
    const fresh = next.when(clearF(2), reads(bad, many[3]));
    expect(fresh.register(at.fsts)).toBe(0x302n);
  });

  test("[FA5] the next record is the first once translation and remapping are both off", () => {
    const used = busy.when(reads(bad), clearF(0), command(0n), command(te), reads(bad));
    expect(used.of("FaultRecorded").map(({ index }) => index)).toEqual([0, 0]);
  });

  test("[FA6] without a free record PFO is set and faults are dropped until it is cleared", () => {
    const full = busy.when(many.slice(0, 5).map((device) => reads(bad, device)));
    expect(full.types).toContain("FaultOverflowed");
    expect(full.register(at.fsts)).toBe(0x003n);
    const freed = full.when(clearF(0), reads(bad, many[5]));
    expect(freed.of("FaultDropped")).toHaveLength(1);
    const again = freed.when(write(at.fsts, 1n), reads(bad, many[5]));
    expect(again.of("FaultRecorded")).toMatchObject([{ index: 0, source: many[5] }]);
  });

  test("[FA7] writing 1 to F clears a record, writing 0 does not", () => {
    const scene = one.when(reads(bad));
    expect(recordOf(scene.when(write(record(0) + 12, 0n)), 0).f).toBe(true);
    const cleared = scene.when(clearF(0));
    expect(recordOf(cleared, 0).f).toBe(false);
    expect(cleared.register(at.fsts)).toBe(0n);
  });

  test("[FA8] PPF is not cleared by a write to FSTS", () => {
    expect(one.when(reads(bad), write(at.fsts, 0xffn)).register(at.fsts)).toBe(2n);
  });

  test("[FA9] FPD suppresses qualified faults alone", () => {
    const fpd = memory(contextEntry, topTable | 3n, width4(5));
    const quiet = given(unit(), tables, fpd, turnOn).when(reads(bad));
    expect(quiet.of("FaultSuppressed")).toHaveLength(1);
    expect(quiet.of("DmaBlocked")).toMatchObject([{ reason: 6 }]);
    expect(quiet.register(at.fsts)).toBe(0n);
    const absent = given(unit(), tables, memory(contextEntry, 2n), turnOn).when(reads(bad));
    expect(absent.of("FaultSuppressed")).toHaveLength(1);
    const noRoot = given(unit(), tables, fpd, memory(rootTable, 0n), turnOn).when(reads(bad));
    expect(noRoot.of("FaultRecorded")).toMatchObject([{ reason: 1 }]);
  });

  test("[FA10] the record of a device behind a bridge has the bridge's source-id", () => {
    const devices = [{ device: behindBridge, physical: true, alias: bridge }];
    const scene = given(unit({ devices }), booted).when(reads(page, behindBridge));
    expect(recordOf(scene, 0)).toMatchObject({ sid: bridge, fr: 2 });
    expect(scene.of("DmaBlocked")).toMatchObject([{ device: behindBridge }]);
  });
});

describe("fault event", () => {
  const message = [write(at.fedata, 0x55n), write(at.feaddr, 0xfee0_1000n)];

  test("[EV4] after a reset the fault event is masked; a fault makes it pending", () => {
    expect(one.register(at.fectl)).toBe(im);
    const scene = one.when(message, reads(bad));
    expect(scene.register(at.fectl)).toBe(im | ip);
    expect(scene.when(write(at.fectl, 0n)).of("EventSent")).toEqual([
      { type: "EventSent", line: "fault", address: 0xfee0_1000n, data: 0x55 },
    ]);
  });

  test("[EV5] while a condition of FSTS is set there is no further event", () => {
    const open = busy.when(message, write(at.fectl, 0n), reads(bad));
    expect(open.of("EventSent")).toHaveLength(1);
    expect(open.when(reads(bad, many[1])).of("EventSent")).toEqual([]);
    const cleared = open.when(clearF(0), reads(bad, many[1]));
    expect(cleared.of("EventSent")).toHaveLength(1);
  });

  test("[EV6] clearing the last condition withdraws a pending event", () => {
    const scene = one.when(message, reads(bad), clearF(0));
    expect(scene.register(at.fectl)).toBe(im);
    expect(scene.when(write(at.fectl, 0n)).of("EventSent")).toEqual([]);
  });

  test("[EV7] an error of the queue raises the same event", () => {
    const scene = one.when(queueOn, message, write(at.fectl, 0n), submit(0xfn));
    expect(scene.of("EventSent")).toMatchObject([{ line: "fault", data: 0x55 }]);
  });

  test("[EV8] masking keeps IP as it is; IP itself cannot be written", () => {
    const scene = one.when(write(at.fectl, ip));
    expect(scene.register(at.fectl)).toBe(0n);
    expect(scene.when(write(at.fectl, im | ip)).register(at.fectl)).toBe(im);
  });
});

describe("faults and the tables of now", () => {
  test("[DM1] an unmapped page faults once its invalidation was queued, not before", () => {
    const gone = memory(leafEntry, 0n);
    const scene = given(unit(), booted, queueOn, reads(page)).when(gone, reads(page));
    expect(scene.of("DmaLanded")).toHaveLength(1);
    const told = scene.when(submit(0x12n), reads(page));
    expect(told.of("FaultRecorded")).toMatchObject([{ reason: 6, page }]);
  });
});
