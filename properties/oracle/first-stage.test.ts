import { describe, expect, test } from "vitest";
import type { EntryWords, Shape, Spoil } from "./example-tables.ts";
import { entryWords, example, putAt, reach, walk } from "./example-tables.ts";

const pasid = 0x42;
const [low, high] = entryWords.firstStage;

/** SRE, ERE and more bits of the third word. */
const flags = (more: bigint): EntryWords => [low, high, 0xa003n | more];
const [wpe, nxe, smep, eafe] = [0x10n, 0x20n, 0x40n, 0x80n];

describe("first-stage walks", () => {
  const faults: readonly (readonly [string, Spoil, number, Shape?, EntryWords?])[] = [
    ["70h lower table unreadable", putAt(0xb000n, 0x20_0007n), 0x70],
    ["71h not present", putAt(0xc060n, 0xd006n), 0x71],
    ["72h beyond the HAW", putAt(0xd030n, 0x100_0000_7007n), 0x72],
    ["72h bit 7 at level 4", putAt(0xa000n, 0xb087n), 0x72],
    ["72h misaligned 2 MiB leaf", putAt(0xc060n, 0x2087n), 0x72],
    ["72h misaligned 1 GiB leaf", putAt(0xb000n, 0x20_0087n), 0x72],
    ["72h XD without NXE", putAt(0xd030n, (1n << 63n) | 0x7007n), 0x72, {}, flags(0n)],
    ["73h top table unreadable", putAt(0x5090n, 0x20_0033n), 0x73],
    ["81h supervisor page", putAt(0xb000n, 0xc003n), 0x81],
    ["82h XD", putAt(0xd030n, (1n << 63n) | 0x7007n), 0x82, { execute: true }],
    ["85h RW clear", putAt(0xa000n, 0xb005n), 0x85, { access: "write" }],
    ["85h WPE", putAt(0xd030n, 0x7005n), 0x85, { access: "write", privileged: true }],
    ["87h result in the interrupt range", putAt(0xd030n, 0xfee0_0007n), 0x87],
    ["71h before 72h", putAt(0xd030n, 0x100_0000_7006n), 0x71],
    ["72h before 81h", putAt(0xd030n, 0x100_0000_7003n), 0x72],
    ["81h before 85h", putAt(0xd030n, 0x7001n), 0x81, { access: "write" }],
  ];
  for (const [name, spoil, reason, shape = {}, words = flags(wpe | nxe)] of faults)
    test(`[OR22] ${name}`, () => {
      const bytes = example(words);
      expect(reach(bytes, { pasid, ...shape })).toBe(0x7000n);
      spoil(bytes);
      expect(reach(bytes, { pasid, ...shape })).toBe(reason);
    });

  test("[OR22] supervisors pass RW without WPE; SMEP keeps them from user code", () => {
    const bytes = example(flags(smep));
    bytes.put(0xd030n, 0x7005n);
    const privileged = true;
    expect(reach(bytes, { pasid, privileged, access: "write" })).toBe(0x7000n);
    expect(reach(bytes, { pasid, access: "write" })).toBe(0x85);
    expect(reach(bytes, { pasid, privileged, execute: true })).toBe(0x82);
    expect(reach(bytes, { pasid, execute: true })).toBe(0x7000n);
    bytes.put(0xc060n, 0xd003n);
    expect(reach(bytes, { pasid, privileged, execute: true })).toBe(0x7000n);
  });

  test("[OR22] an address of four or five levels is canonical", () => {
    const bytes = example();
    const top = 2 ** 52 - 2 ** 35;
    expect(reach(bytes, { pasid, page: 2 ** 35 - 1 })).toBe(0x71);
    expect(reach(bytes, { pasid, page: 2 ** 35 })).toBe(0x80);
    expect(reach(bytes, { pasid, page: top - 1 })).toBe(0x80);
    expect(reach(bytes, { pasid, page: top })).toBe(0x71);
    expect(walk(bytes, { page: 2 ** 35 }).words).toEqual([]);
    bytes.put(0x5090n, 0xa037n);
    expect(reach(bytes, { pasid, page: 2 ** 35 })).toBe(0x71);
    expect(reach(bytes, { pasid, page: 2 ** 44 })).toBe(0x80);
  });

  test("[OR23] leaves of 2 MiB and 1 GiB; bit 12 is PAT, the interrupt range cuts them", () => {
    const bytes = example();
    const at = (page: number) => walk(bytes, { page }).outcome;
    bytes.put(0xc068n, 0x4020_1087n, 0xfee0_0087n);
    expect(at(0x1a01)).toEqual({ kind: "page", gpa: 0x4020_1000n, size: "2M" });
    expect(at(0x1c00)).toEqual({ kind: "fault", reason: 0x87 });
    expect(at(0x1d00)).toEqual({ kind: "page", gpa: 0xfef0_0000n, size: "4K" });
    bytes.put(0xb008n, 0x4000_0087n, 0xc000_0087n);
    expect(at(0x40123)).toEqual({ kind: "page", gpa: 0x4012_3000n, size: "1G" });
    expect(at(0x80000)).toEqual({ kind: "page", gpa: 0xc000_0000n, size: "2M" });
    bytes.unit.cap &= ~(1n << 56n);
    expect(at(0x40123)).toEqual({ kind: "fault", reason: 0x72 });
  });

  test("[OR24] accessed bits on the way, the dirty bit of a written leaf, EA with EAFE", () => {
    const bytes = example();
    const set = (shape: Shape) => walk(bytes, shape).updates;
    const accessed = [
      [0xa000n, 0xb027n],
      [0xb000n, 0xc027n],
      [0xc060n, 0xd027n],
    ];
    expect(set({})).toEqual([...accessed, [0xd030n, 0x7027n]]);
    expect(set({ access: "write" })).toEqual([...accessed, [0xd030n, 0x7067n]]);
    bytes.put(0xc060n, 0xd005n);
    expect(set({ access: "write" })).toEqual(accessed.slice(0, 2));
    bytes.put(0xc060n, 0xd027n);
    bytes.put(0x5090n, 0xa003n | eafe);
    bytes.put(0xa000n, 0xb427n);
    expect(set({})).toEqual([
      [0xb000n, 0xc427n],
      [0xc060n, 0xd427n],
      [0xd030n, 0x7427n],
    ]);
  });

  test("[OR24] an entry that cannot be written faults where a bit is missing", () => {
    const bytes = example();
    bytes.readOnly.add(0xcn);
    expect(walk(bytes)).toMatchObject({
      outcome: { kind: "fault", reason: 0x91 },
      updates: [
        [0xa000n, 0xb027n],
        [0xb000n, 0xc027n],
      ],
    });
    bytes.put(0xc060n, 0xd027n);
    expect(reach(bytes, { pasid })).toBe(0x7000n);
  });

  test("[OR24] a table that is its own lower table is written once", () => {
    const bytes = example();
    bytes.put(0xa000n, 0xa007n);
    expect(walk(bytes, { page: 0 })).toMatchObject({
      outcome: { kind: "page", gpa: 0xa000n },
      updates: [[0xa000n, 0xa027n]],
    });
    expect(walk(bytes, { page: 0, access: "write" }).updates).toEqual([
      [0xa000n, 0xa027n],
      [0xa000n, 0xa067n],
    ]);
  });
});
