import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  contextsOfDevice,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  tables,
  turnOn,
  write8,
} from "./driver.ts";
import { given } from "./given.ts";
import { iotlb, iva, nvme, unit } from "./unit.ts";

describe("register-based invalidation", () => {
  const icc = 1n << 63n;
  const changed = [booted, reads(page), memory(leafEntry, 0xa003n)];
  const target = (scene: ReturnType<typeof given>) =>
    scene.when(reads(page)).of("DmaLanded")[0]?.gpa;

  test("[RI1] IOTLB: globally, by domain and by page; IVT is clear when software looks", () => {
    const ask = (granularity: bigint, did = 5n) =>
      write8(iotlb, icc | (granularity << 60n) | (did << 32n));
    const scene = given(unit(), changed);
    expect(target(scene)).toBe(0x7000n);
    expect(target(scene.when(ask(1n)))).toBe(0xa000n);
    expect(target(scene.when(ask(2n)))).toBe(0xa000n);
    expect(target(scene.when(ask(2n, 6n)))).toBe(0x7000n);
    expect(target(scene.when(write8(iva, page), ask(3n)))).toBe(0xa000n);
    expect(target(scene.when(write8(iva, page + 0x1000n), ask(3n)))).toBe(0x7000n);
    expect(scene.when(ask(1n)).register(iotlb, 8) >> 63n).toBe(0n);
  });

  test("[RI2] CCMD: contexts by device; ICC is clear when software looks", () => {
    const gone = memory(0x2200n, 0n);
    const exact = icc | (3n << 61n) | (BigInt(nvme) << 16n) | 5n;
    const scene = given(unit(), booted, gone).when(write8(at.ccmd, exact));
    expect(scene.of("ContextInvalidated")).toMatchObject([{ scope: "device", source: nvme }]);
    expect(scene.register(at.ccmd, 8) >> 63n).toBe(0n);
    expect(scene.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 2 }]);
  });

  test("[RI3] while the queue is enabled both are refused", () => {
    const scene = given(unit(), booted, queueOn);
    const why = ["a register-based invalidation while the queue is enabled"];
    expect(scene.when(write8(at.ccmd, icc | (1n << 61n))).refusals).toEqual(why);
    expect(scene.when(write8(iotlb, icc | (1n << 60n))).refusals).toEqual(why);
  });

  test("[RI4] a reserved granularity, or more pages than MAMV, is refused", () => {
    const scene = given(unit(), booted);
    const reserved = ["a register-based invalidation of reserved granularity"];
    expect(scene.when(write8(at.ccmd, icc)).refusals).toEqual(reserved);
    const many = scene.when(write8(iva, page | 10n), write8(iotlb, icc | (3n << 60n)));
    expect(many.refusals).toEqual([
      "a page-selective invalidation of more pages than CAP.MAMV allows",
    ]);
  });

  test("[RI6] CAIG and IAIG show the granularity that was used, none if nothing was done", () => {
    const scene = given(unit(), booted);
    const used = (register: number, ask: bigint, lowest: bigint) =>
      (scene.when(write8(register, icc | ask)).register(register, 8) >> lowest) & 3n;
    expect([1n, 2n, 3n].map((g) => used(at.ccmd, g << 61n, 59n))).toEqual([1n, 2n, 3n]);
    expect([1n, 2n, 3n].map((g) => used(iotlb, g << 60n, 57n))).toEqual([1n, 2n, 3n]);
    expect([used(at.ccmd, 0n, 59n), used(iotlb, 0n, 57n)]).toEqual([0n, 0n]);
  });

  test("[RI7] SID and FM of CCMD read as 0", () => {
    const scene = given(unit(), booted).when(write8(at.ccmd, (3n << 32n) | 0x1234_0005n));
    expect(scene.register(at.ccmd, 8)).toBe(5n);
  });

  test("[RI5] from major version 6 on neither register exists", () => {
    const setup = unit();
    const newer = { guests: setup.guests.map((guest) => ({ ...guest, ver: 0x60n })) };
    const scene = given(newer, booted).when(write8(at.ccmd, ~0n), write8(iotlb, ~0n));
    expect(scene.facts).toEqual([]);
    expect(scene.register(at.ccmd, 8)).toBe(0n);
  });
});

describe("contexts", () => {
  const gone = memory(0x2200n, 0n);

  test("[CX1] a changed context entry holds until an invalidation covers it", () => {
    const scene = given(unit(), booted, queueOn).when(gone);
    expect(scene.when(reads(page)).of("DmaLanded")).toHaveLength(1);
    const told = scene.when(submit(contextsOfDevice(5, nvme)));
    expect(told.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 2 }]);
  });

  test("[CX2] the domain-id is that of the entry as it is cached", () => {
    const scene = given(unit(), booted, queueOn).when(gone);
    const other = scene.when(submit(contextsOfDevice(6, nvme)));
    expect(other.when(reads(page)).of("DmaLanded")).toHaveLength(1);
  });

  test("[CX3] with caching mode an entry that was not present is cached under domain-id 0", () => {
    const entry = memory(0x2200n, 0x3001n, (5n << 8n) | 2n);
    const scene = given(unit(), tables, gone, turnOn, queueOn, entry);
    expect(scene.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 2 }]);
    const wrong = scene.when(submit(contextsOfDevice(5, nvme)));
    expect(wrong.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 2 }]);
    const right = scene.when(submit(contextsOfDevice(0, nvme)));
    expect(right.when(reads(page)).of("DmaLanded")).toHaveLength(1);
  });

  test("[CX4] FM leaves function bits out of the comparison", () => {
    const scene = given(unit(), booted, queueOn).when(gone);
    const reached = scene.when(submit(contextsOfDevice(5, nvme | 7, 3)));
    expect(reached.when(reads(page)).of("DmaBlocked")).toHaveLength(1);
    const missed = scene.when(submit(contextsOfDevice(5, nvme | 4)));
    expect(missed.when(reads(page)).of("DmaLanded")).toHaveLength(1);
  });
});
