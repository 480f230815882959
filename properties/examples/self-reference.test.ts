import { describe, expect, test } from "vitest";
import { gpa } from "../../events/address.ts";
import { booted, iotlbOfDomain, memory, queueOn, reads, submit, tables, turnOn } from "./driver.ts";
import { given } from "./given.ts";
import { unit } from "./unit.ts";

/** 512 entries that all point to the page that holds them. */
const loop = (gpa: bigint) => memory(gpa, ...Array.from({ length: 512 }, () => gpa | 3n));

describe("a table that is its own child", () => {
  const setup = unit({ cap: { sagaw: 0b01110, mgaw: 56 } });

  test("[SR1] neither hangs nor bloats the fold, at four levels", () => {
    const scene = given(unit(), tables, loop(0x3000n)).when(turnOn, reads(0x1234_5678_9000n));
    expect(scene.of("DmaLanded")).toMatchObject([{ gpa: 0x3000n }]);
    expect(scene.facts.length).toBeLessThan(2000);
  });

  test("[SR1] at five levels", () => {
    const five = memory(0x2200n, 0x3001n, (5n << 8n) | 3n);
    const scene = given(setup, tables, five, loop(0x3000n)).when(turnOn, reads(1n << 56n));
    expect(scene.of("DmaLanded")).toMatchObject([{ gpa: 0x3000n }]);
    expect(scene.facts.length).toBeLessThan(2000);
  });

  test("[SR2] changing one of its entries and announcing it stays cheap", () => {
    const scene = given(unit(), tables, loop(0x3000n), turnOn, queueOn);
    const told = scene.when(memory(0x3008n, 0x7003n), submit(iotlbOfDomain(5)));
    expect(told.facts.length).toBeLessThan(2000);
    expect(told.when(reads(0x1000n)).of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
    expect(told.when(reads(0x2000n)).of("DmaLanded")).toMatchObject([{ gpa: 0x3000n }]);
  });

  test("[SR3] the page of the table may lose its memory", () => {
    const scene = given(unit(), booted, queueOn, loop(0x3000n), submit(iotlbOfDomain(5)));
    const gone = scene.when({ type: "P2mUnmap", gpa: gpa(0x3000n), length: 0x1000n });
    expect(gone.facts.length).toBeLessThan(2000);
    expect(gone.when(reads(0x5000n)).of("DmaLanded")).toEqual([]);
  });
});
