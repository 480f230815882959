import { describe, expect, test } from "vitest";
import type { Access } from "../../events/input.ts";
import type { Bytes, Spoil } from "./example-tables.ts";
import { entryWords, example, putAt, reach, walk } from "./example-tables.ts";

const pasid = 0x42;

describe("nested walks", () => {
  /** Second stage: pages of 4 KiB at 0xf000 instead of 2 MiB, all of them identity. */
  function small(): Bytes {
    const bytes = example(entryWords.nested);
    bytes.put(0xe000n, 0xf003n);
    for (let page = 0n; page < 256n; page++) bytes.put(0xf000n + page * 8n, (page << 12n) | 3n);
    return bytes;
  }

  const faults: readonly (readonly [string, Spoil, number, Access?])[] = [
    ["74h table beyond the width", putAt(0xb000n, (1n << 39n) | 7n), 0x74],
    ["75h top table not readable", putAt(0xf050n, 0xa002n), 0x75],
    ["76h table not readable", putAt(0xf060n, 0xc002n), 0x76],
    ["77h table not writable", putAt(0xf060n, 0xc001n), 0x77],
    ["78h second stage unreadable", putAt(0xe000n, 0x20_0003n), 0x78],
    ["74h table beyond the HAW", putAt(0xb000n, (1n << 51n) | 7n), 0x74],
    ["79h result of no use", putAt(0xf038n, 0x7000n), 0x79],
    ["86h result not readable", putAt(0xf038n, 0x7002n), 0x86],
    ["85h result not writable", putAt(0xf038n, 0x7001n), 0x85, "write"],
    ["7Ah reserved on the way to a table", putAt(0xf060n, 0x100_0000_c003n), 0x7a],
    ["7Ah reserved on the way to the result", putAt(0xf038n, 0x100_0000_7003n), 0x7a],
    ["7Bh second stage's root unreadable", putAt(0x5080n, 0x20_00c9n), 0x7b],
    ["74h result beyond the width", putAt(0xd030n, (1n << 39n) | 7n), 0x74],
    ["87h result in the interrupt range", putAt(0xf038n, 0xfee0_0003n), 0x87],
    ["70h table in a hole", putAt(0xf060n, 0x20_0003n), 0x70],
    ["73h top table in a hole", putAt(0xf050n, 0x20_0003n), 0x73],
  ];
  for (const [name, spoil, reason, access = "read"] of faults)
    test(`[OR25] ${name}`, () => {
      const bytes = small();
      // Three levels: 39 bits, fewer than memory has.
      if (/^74/.test(name)) bytes.put(0x5080n, 0x90c5n);
      expect(reach(bytes, { pasid, access })).toBe(0x7000n);
      spoil(bytes);
      expect(reach(bytes, { pasid, access })).toBe(reason);
    });

  test("[OR25] the second stage translates tables and result; the smaller size counts", () => {
    const bytes = small();
    bytes.put(0xf060n, 0x1_1003n);
    bytes.put(0x1_1060n, 0xd007n);
    bytes.put(0xf038n, 0x1_2003n);
    const { outcome, words, updates } = walk(bytes, { access: "write" });
    expect(outcome).toEqual({ kind: "page", gpa: 0x1_2000n, size: "4K" });
    expect(words.map(([gpa]) => gpa)).toEqual([0xa000n, 0xb000n, 0x1_1060n, 0xd030n]);
    expect(updates[2]).toEqual([0x1_1060n, 0xd027n]);
    bytes.put(0x1_1060n, 0x87n);
    expect(walk(bytes).outcome).toMatchObject({ size: "4K" });
    bytes.put(0xe000n, 0x83n);
    bytes.put(0xc060n, 0x87n);
    expect(walk(bytes).outcome).toEqual({ kind: "page", gpa: 0x6000n, size: "2M" });
  });

  test("[OR25] tables of the first stage may name addresses of the interrupt range", () => {
    const bytes = small();
    bytes.put(0xf038n, 0x1_2003n);
    bytes.put(0xd030n, 0xfee0_0007n);
    bytes.put(0x9018n, 0xe003n);
    bytes.put(0xefb8n, 0xf003n);
    bytes.put(0xf000n, 0x7003n);
    expect(reach(bytes, { pasid })).toBe(0x7000n);
    bytes.put(0xf060n, 0xfee0_0003n);
    expect(reach(bytes, { pasid })).toBe(0x87);
  });
});
