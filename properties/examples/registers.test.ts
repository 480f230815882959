import { describe, expect, test } from "vitest";
import { at } from "../../projections/registers.ts";
import {
  booted,
  cfi,
  command,
  contextsOfAll,
  contextsOfDevice,
  iotlbOfAll,
  ire,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  queueOn,
  reads,
  rootTable,
  sirtp,
  srtp,
  submit,
  tables,
  te,
  turnOn,
  waitNothing,
  wbf,
  write,
  write8,
} from "./driver.ts";
import { given } from "./given.ts";
import { hostBase, iotlb, iva, nvme, unit } from "./unit.ts";

const status = (scene: ReturnType<typeof given>): bigint => scene.register(at.gsts);

describe("global command", () => {
  test("[GC1] SRTP sets RTPS and stays; GCMD reads as 0", () => {
    const scene = given(unit(), tables).when(write8(at.rtaddr, rootTable), command(srtp));
    expect(scene.types).toEqual(["RegisterSet", "RootPointerLatched"]);
    expect(status(scene)).toBe(srtp);
    expect(status(scene.when(command(0n)))).toBe(srtp);
    expect(scene.register(at.gcmd)).toBe(0n);
  });

  test("[GC2] TE before a root pointer is refused", () => {
    const scene = given(unit()).when(command(te));
    expect(scene.refusals).toEqual(["translation is enabled before a root pointer is set"]);
    expect(status(scene)).toBe(0n);
  });

  test("[GC3] a pointer and TE in one write: the pointer is latched first", () => {
    const scene = given(unit(), tables, write8(at.rtaddr, rootTable)).when(command(srtp | te));
    expect(status(scene)).toBe(te | srtp);
  });

  test("[GC4] RTADDR has no effect until SRTP", () => {
    const scene = given(unit(), booted).when(write8(at.rtaddr, 0x20_0000n));
    expect(scene.guest().rootPointer).toBe(rootTable);
    expect(scene.register(at.rtaddr, 8)).toBe(0x20_0000n);
    expect(scene.when(command(te | srtp)).guest().rootPointer).toBe(0x20_0000n);
  });

  test("[GC5] after SRTP with TE set the old contexts hold until they are invalidated", () => {
    const scene = given(unit(), booted, queueOn).when(
      write8(at.rtaddr, 0x20_0000n),
      command(te | qie | srtp),
    );
    expect(scene.when(reads(page)).of("DmaLanded")).toHaveLength(1);
    const told = scene.when(submit(contextsOfAll, iotlbOfAll, waitNothing));
    expect(told.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 1 }]);
  });

  test("[GC6] with CAP.ESRTPS the unit invalidates by itself", () => {
    const scene = given(unit({ cap: { esrtps: true } }), booted).when(
      write8(at.rtaddr, 0x20_0000n),
      command(te | srtp),
    );
    expect(scene.types).toContain("ContextInvalidated");
    expect(scene.types).toContain("IotlbInvalidated");
    expect(scene.when(reads(page)).of("DmaBlocked")).toMatchObject([{ reason: 1 }]);
  });

  test("[GC7] scalable and other table modes are refused by name", () => {
    const mode = (ttm: bigint) =>
      given(unit(), tables).when(write8(at.rtaddr, rootTable | (ttm << 10n)), command(srtp));
    expect(mode(1n).refusals).toEqual([
      "scalable mode is not modelled: the root pointer's table mode is 1",
    ]);
    expect(mode(3n).refusals).toEqual([
      "the root pointer's table mode is neither legacy nor scalable",
    ]);
    expect(status(mode(1n))).toBe(0n);
  });

  test("[GC8] TE off leads devices back to the P2M alone", () => {
    const scene = given(unit(), booted).when(command(0n));
    expect(status(scene)).toBe(srtp);
    expect(scene.when(reads(0x7000n)).of("DmaLanded")).toMatchObject([{ hpa: hostBase + 0x7000n }]);
  });

  test("[GC9] IRE needs a table; SIRTP latches IRTA", () => {
    const early = given(unit()).when(command(ire));
    expect(early.refusals).toEqual(["interrupt remapping is enabled before its table is set"]);
    const scene = given(unit(), write8(at.irta, 0xb00fn)).when(command(sirtp));
    expect(scene.of("InterruptTableLatched")).toMatchObject([{ value: 0xb00fn }]);
    expect(status(scene)).toBe(sirtp);
    expect(status(scene.when(command(ire)))).toBe(ire | sirtp);
    expect(status(scene.when(command(ire), command(0n)))).toBe(sirtp);
  });

  test("[GC10] CFI is a level that CFIS shows", () => {
    const scene = given(unit()).when(command(cfi));
    expect(scene.types).toEqual(["CompatibilityInterruptsAllowed"]);
    expect(status(scene)).toBe(cfi);
    expect(status(scene.when(command(0n)))).toBe(0n);
  });

  test("[GC11] WBF flushes where CAP.RWBF asks for it, and is ignored elsewhere", () => {
    const flushing = given(unit({ cap: { rwbf: true } })).when(command(wbf));
    expect(flushing.types).toEqual(["WriteBufferFlushed"]);
    expect(status(flushing)).toBe(0n);
    expect(given(unit()).when(command(wbf)).facts).toEqual([]);
  });

  test("[GC12] bits in bytes that a write leaves out ask for no change", () => {
    const scene = given(unit(), booted).when(write(at.gcmd, 0n, 1));
    expect(scene.facts).toEqual([]);
    expect(status(scene)).toBe(te | srtp);
    expect(status(scene.when(write(at.gcmd + 3, 0n, 1)))).toBe(srtp);
  });

  test("[GC13] a reset turns everything off and keeps memory, P2M and devices", () => {
    const scene = given(unit(), booted, queueOn).when({ type: "UnitReset" });
    expect(status(scene)).toBe(0n);
    expect(scene.register(at.iqa, 8)).toBe(0n);
    expect(scene.word(leafEntry)).toBe(0x7003n);
    expect(scene.when(reads(0x7000n)).of("DmaLanded")).toHaveLength(1);
  });
});

describe("register page", () => {
  test("[RG1] a write of odd size and alignment changes the bytes it covers, across registers", () => {
    const scene = given(unit()).when(write(at.fedata + 1, 0x11_2233_4455n, 5));
    expect(scene.register(at.fedata)).toBe(0x5500n);
    expect(scene.register(at.feaddr)).toBe(0x1120n);
  });

  test("[RP1] a read of odd size and alignment gives the bytes of all registers that it covers", () => {
    const scene = given(unit(), write8(at.rtaddr, 0x1234_5678_9000n));
    expect(scene.register(at.rtaddr + 1, 3)).toBe(0x567890n);
    expect(scene.register(at.gsts + 2, 8)).toBe(0x1234_5678_9000_0000n);
    const answered = scene.when({ type: "RegisterRead", offset: at.rtaddr, size: 8 });
    expect(answered.of("RegisterAnswered")).toMatchObject([{ value: 0x1234_5678_9000n }]);
  });

  test("[RP2] bytes of no register read as 0 and ignore writes", () => {
    const scene = given(unit()).when(write8(0xf00, 0xffff_ffff_ffff_ffffn), write8(4088, 1n));
    expect(scene.facts).toEqual([]);
    expect(scene.register(0xf00, 8)).toBe(0n);
    expect(scene.register(4090, 8)).toBe(0n);
  });

  test("[RP3] read-only registers ignore writes", () => {
    const scene = given(unit());
    const written = scene.when([at.gsts, at.iqh, at.iqercd, 0, 8, 16].map((to) => write8(to, ~0n)));
    for (const offset of [0, 8, 16, at.iqh]) {
      expect(written.register(offset, 8)).toBe(scene.register(offset, 8));
    }
  });

  test("[RP4] IQA cannot be changed while the queue is enabled", () => {
    const scene = given(unit(), booted, queueOn).when(write8(at.iqa, 0x9000n));
    expect(scene.refusals).toEqual(["a write to IQA while the queue is enabled"]);
    expect(scene.register(at.iqa, 8)).toBe(queue);
  });
});

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
