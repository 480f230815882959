import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  contextEntry,
  memory,
  page,
  reads,
  tables,
  turnOn,
  width4,
  write,
  write8,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { unit } from "./unit.ts";

const epm = 1n << 31n;
/** A base above the limit: no region. */
const noHigh = write8(at.phmbase, 0x20_0000n);
/** Protects GPA 2 MiB to 4 MiB. */
const low = [
  noHigh,
  write(at.plmbase, 0x20_0000n),
  write(at.plmlimit, 0x20_0000n),
  write(at.pmen, epm),
];
const reached = (scene: Scene, gpa: bigint) => scene.when(reads(gpa)).of("DmaLanded").length === 1;

describe("protected memory", () => {
  test("[PR1] EPM shows in PRS", () => {
    const scene = given(unit()).when(low);
    expect(scene.register(at.pmen)).toBe(epm | 1n);
    expect(scene.when(write(at.pmen, 0n)).register(at.pmen)).toBe(0n);
  });

  test("[PR2] DMA that is not translated does not reach it, and no fault is reported", () => {
    const scene = given(unit(), low).when(reads(0x20_0000n));
    expect(scene.of("DmaBlocked")).toMatchObject([{ host: "protected" }]);
    expect(scene.of("FaultRecorded")).toEqual([]);
    expect(scene.register(at.fsts)).toBe(0n);
  });

  test("[PR3] base and limit count in 2 MiB, both included", () => {
    const scene = given(unit(), low);
    const probes = [0x1f_f000n, 0x20_0000n, 0x3f_f000n, 0x40_0000n];
    expect(probes.map((gpa) => reached(scene, gpa))).toEqual([true, false, false, true]);
    expect(scene.when(write(at.plmbase, 0xffff_ffffn)).register(at.plmbase)).toBe(0xffe0_0000n);
  });

  test("[PR4] it holds for pass-through too", () => {
    const entry = memory(contextEntry, 9n, width4(5));
    const scene = given(unit(), tables, entry, turnOn, low);
    expect(reached(scene, 0x20_0000n)).toBe(false);
    expect(reached(scene, 0x40_0000n)).toBe(true);
  });

  test("[PR5] translated DMA is a matter of the tables", () => {
    const leaf = memory(0x6030n, 0x20_0003n);
    expect(reached(given(unit(), tables, leaf, turnOn, low), page)).toBe(true);
  });

  test("[PR6] the high region has registers of 64 bits", () => {
    const high = [
      write8(at.phmbase, 0x4000_0000n),
      write8(at.phmlimit, 0x4020_0000n),
      write(at.pmen, epm),
    ];
    const scene = given(unit(), high, write(at.plmbase, 0xffe0_0000n));
    const probes = [0x4000_0000n, 0x403f_f000n, 0x4040_0000n];
    expect(probes.map((gpa) => reached(scene, gpa))).toEqual([false, false, true]);
  });

  test("[PR7] a unit without the regions has none of the registers", () => {
    const scene = given(unit({ cap: { plmr: false, phmr: false } }), booted).when(low);
    expect(scene.facts).toEqual([]);
    expect(scene.register(at.pmen)).toBe(0n);
  });
});
