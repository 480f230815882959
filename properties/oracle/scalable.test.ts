import { describe, expect, test } from "vitest";
import type { Bytes } from "./example-tables.ts";
import { entryWords, example, nvme, places, reach, types } from "./example-tables.ts";
import type { Asked } from "./resolve.ts";
import { resolve } from "./resolve.ts";

const pasid = 0x42;
const without = (index: number) => (bytes: Bytes) => {
  bytes.unit.ecap &= ~(1n << BigInt(index));
};
const put =
  (gpa: bigint, ...values: readonly bigint[]) =>
  (bytes: Bytes) =>
    bytes.put(gpa, ...values);
const far = 0x20_0001n;
const [low, high, third] = entryWords.firstStage;

describe("scalable-mode resolution", () => {
  test("[OR19] with PASID and without lead to tables of their own cache tag", () => {
    const bytes = example();
    expect(reach(bytes, { pasid })).toBe(0x7000n);
    const { resolution, words } = resolve(bytes.unit, { sid: nvme });
    expect(resolution).toMatchObject({ kind: "firstStage", did: 5, space: { pasid: 7 } });
    expect(words.map(([gpa]) => gpa).slice(0, 7)).toEqual([
      ...[0x1000n, 0x1008n, 0x2400n, 0x2408n, 0x2410n, 0x2418n, places.ridDirectory],
    ]);
    expect(words).toHaveLength(15);
  });

  test("[OR19] functions from 16.0 on use the upper half of the root entry", () => {
    const bytes = example();
    bytes.put(0x3000n + 0x20n * 32n, 0x4009n, 7n);
    expect(reach(bytes, { sid: 0xa0 })).toBe(0x7000n);
    expect(reach(bytes, { sid: 0xa1 })).toBe(0x41);
  });

  const faults: readonly (readonly [string, (bytes: Bytes) => void, number, Asked?])[] = [
    ["30h mode 2", (bytes) => (bytes.unit.root = 0x1800n), 0x30],
    ["30h scalable mode without SMTS", without(43), 0x30],
    ["31h PASID in legacy mode", (bytes) => (bytes.unit.root = 0x1000n), 0x31],
    ["38h root table unreadable", (bytes) => (bytes.unit.root = 0x20_0400n), 0x38],
    ["39h root entry not present", put(0x1000n, 0n), 0x39],
    ["3Ah reserved bit of the root entry", put(0x1000n, 0x2401n), 0x3a],
    ["3Ah root entry beyond the HAW", put(0x1000n, 0x100_0000_2001n), 0x3a],
    ["40h context table unreadable", put(0x1000n, far), 0x40],
    ["41h context entry not present", put(places.context, 0x4008n), 0x41],
    ["42h bit 5", put(places.context, 0x4029n), 0x42],
    ["42h beyond the HAW", put(places.context, 0x100_0000_4009n), 0x42],
    ["42h bit 85", put(places.context, 0x4009n, 1n << 21n), 0x42],
    ["42h bit 128", put(places.context + 16n, 1n), 0x42],
    ["42h bit 255", put(places.context + 24n, 1n << 63n), 0x42],
    ["42h PASIDE without PASID", without(40), 0x42],
    ["42h RID_PASID without RPS", without(49), 0x42],
    ["45h PASIDE clear", put(places.context, 0x4001n), 0x45],
    ["89h wider than PSS", (bytes) => (bytes.unit.ecap &= ~(0x1fn << 35n)), 0x89],
    ["43h RID_PASID beyond the directory", put(places.context, 0x4009n, 0x2000n), 0x43, {}],
    ["50h directory unreadable", put(places.context, far | 8n), 0x50],
    ["51h directory entry not present", put(places.directory, 0n), 0x51],
    ["52h bit 2 of the directory entry", put(places.directory, 0x5005n), 0x52],
    ["52h directory entry beyond the HAW", put(places.directory, 0x100_0000_5001n), 0x52],
    ["58h PASID table unreadable", put(places.directory, far), 0x58],
    ["59h PASID entry not present, whatever else", put(places.entry, 0xffen), 0x59],
    ["5Ah SSEE", put(places.entry, low | 0x20n), 0x5a],
    ["5Ah SSADE without SLADS", put(places.entry, low | 0x200n), 0x5a],
    ["5Ah bit 80", put(places.entry + 8n, high | 0x1_0000n), 0x5a],
    ["5Ah bit 95", put(places.entry + 8n, high | (1n << 31n)), 0x5a],
    ["5Ah bit 136", put(places.entry + 16n, third | 0x100n), 0x5a],
    ["5Ah bit 192", put(places.entry + 24n, 1n), 0x5a],
    ["5Ah bit 511", put(places.entry + 56n, 1n << 63n), 0x5a],
    ["5Ah first-stage root beyond the HAW", put(places.entry + 16n, 0x100_0000_a033n), 0x5a],
    ["5Ah SRE without SRS", without(31), 0x5a],
    ["5Ah ERE without ERS", without(30), 0x5a],
    ["5Bh type 0", put(places.entry, low & ~0x1c0n), 0x5b],
    ["5Bh type 5", put(places.entry, low | 0x140n), 0x5b],
    ["5Bh first stage without FSTS", without(47), 0x5b],
    ["5Bh FSPM 2", put(places.entry + 16n, third | 8n), 0x5b],
    ["5Ch ERE clear", put(places.entry + 16n, 0xa031n), 0x5c, { pasid, execute: true }],
    ["5Dh SRE clear", put(places.entry + 16n, 0xa032n), 0x5d, { pasid, privileged: true }],
  ];
  for (const [name, spoil, reason, asked = { pasid }] of faults)
    test(`[OR20] ${name}`, () => {
      const bytes = example();
      expect(reach(bytes, asked)).not.toBe(reason);
      spoil(bytes);
      expect(reach(bytes, asked)).toBe(reason);
    });

  test("[OR20] PDTS tells how many PASIDs the directory has", () => {
    const bytes = example();
    expect(reach(bytes, { pasid: 0x1fff })).toBe(0x51);
    expect(reach(bytes, { pasid: 0x2000 })).toBe(0x46);
    bytes.put(places.context, 0x4209n);
    expect(reach(bytes, { pasid: 0x2000 })).toBe(0x51);
  });

  test("[OR20] each type needs its capability, a second stage a width that SAGAW has", () => {
    const needs = { secondStage: 46, nested: 26, passThrough: 6 } as const;
    for (const [type, index] of Object.entries(needs)) {
      const bytes = example(entryWords[type as keyof typeof needs]);
      expect(reach(bytes, { pasid })).not.toBe(0x5b);
      without(index)(bytes);
      expect(reach(bytes, { pasid })).toBe(0x5b);
    }
    for (const type of [types.secondStage, types.nested]) {
      const bytes = example([0x8001n | type, 5n, 0xa033n]);
      expect(reach(bytes, { pasid })).toBe(0x5b);
      bytes.put(places.entry, 0x100_0000_8009n | type);
      expect(reach(bytes, { pasid })).toBe(0x5a);
    }
  });

  test("[OR20] five levels of first stage need FL5LP", () => {
    const bytes = example([low, high, third | 4n]);
    expect(reach(bytes, { pasid, page: 1 })).toBe(0x71);
    bytes.unit.cap &= ~(1n << 60n);
    expect(reach(bytes, { pasid, page: 1 })).toBe(0x5b);
  });

  test("[OR20] a request without PASID is privileged with RID_PRIV", () => {
    const bytes = example([low, high, third & ~1n]);
    expect(reach(bytes, { privileged: true, execute: true })).toBe(0x7000n);
    bytes.put(places.context, 0x4009n, 0x10_0007n);
    expect(reach(bytes)).toBe(0x5d);
  });

  test("[OR21] FPD of context, directory and PASID entry all count, present or not", () => {
    const fpd = (spoil: (bytes: Bytes) => void) => {
      const bytes = example();
      spoil(bytes);
      return resolve(bytes.unit, { sid: nvme, pasid }).resolution.fpd;
    };
    expect(fpd(put(places.entry, low))).toBe(false);
    expect(fpd(put(places.context, 0x400bn))).toBe(true);
    expect(fpd(put(places.context, 2n))).toBe(true);
    expect(fpd(put(places.directory, 0x5003n))).toBe(true);
    expect(fpd(put(places.directory, 2n))).toBe(true);
    expect(fpd(put(places.entry, low | 2n))).toBe(true);
    expect(fpd(put(places.entry, 2n))).toBe(true);
  });
});
