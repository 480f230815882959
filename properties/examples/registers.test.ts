import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  cfi,
  command,
  contextsOfAll,
  iotlbOfAll,
  ire,
  leafEntry,
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
  waitNothing,
  wbf,
  write,
  write8,
} from "./driver.ts";
import { given } from "./given.ts";
import { hostBase, unit } from "./unit.ts";

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

  test("[GC7] a table mode that the unit has not faults every request", () => {
    const mode = (ttm: bigint) =>
      given(unit(), tables).when(
        write8(at.rtaddr, rootTable | (ttm << 10n)),
        command(srtp),
        command(te),
        reads(page),
      );
    for (const ttm of [1n, 2n, 3n]) {
      expect(mode(ttm).of("DmaBlocked")).toMatchObject([{ reason: 0x30 }]);
    }
    expect(mode(0n).of("DmaBlocked")).not.toMatchObject([{ reason: 0x30 }]);
  });

  test("[GC7] with ECAP.ADMS the mode 3 blocks every request as it is meant to, with 33h", () => {
    const changes = { ecap: { adms: true, c: true } };
    const scene = given(unit(changes), tables).when(
      write8(at.rtaddr, rootTable | 0xc00n),
      command(srtp),
      command(te),
      reads(page),
    );
    expect(scene.of("DmaBlocked")).toMatchObject([{ reason: 0x33 }]);
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
  test("[RG1] a write of odd size and alignment changes the bytes it covers", () => {
    const scene = given(unit()).when(write(at.fedata + 1, 0x11_2233_4455n, 5));
    expect(scene.register(at.fedata)).toBe(0x5500n);
    expect(scene.register(at.feaddr)).toBe(0x1120n);
  });

  test("[RP1] a read of odd size and alignment gives the bytes it covers", () => {
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
