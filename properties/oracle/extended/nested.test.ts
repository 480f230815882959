import { describe, expect, test } from "vitest";
import { readExtended } from "./context.ts";
import {
  ask,
  entries,
  example,
  lower,
  mapped,
  neste,
  paside,
  places,
  putAt,
  reach,
} from "./example-extended.ts";

const pasid = 0x42;
const [, high = 0n] = entries.plain;

describe("second level of extended contexts", () => {
  test("[EC3] memory types and the tables of PASIDs are read as they stand", () => {
    const bytes = example();
    bytes.put(places.context, 0x8ce1n, 0x7654_3210_0400_05fan, 0x6003n, 0x7000n);
    expect(readExtended(bytes.unit, lower)).toMatchObject({
      ...{ did: 5, memory: { emt: 7, emte: true, cd: true, pat: 0x7654_3210 } },
      ...{ pasidTable: 0x6000n, pasidCount: 256, stateTable: 0x7000n, nested: true },
    });
    bytes.put(places.context + 8n, 0x0400_057an);
    expect(readExtended(bytes.unit, lower)).toMatchObject({ memory: { emte: false, cd: true } });
    bytes.put(places.context + 8n, 0x0400_05ban);
    expect(readExtended(bytes.unit, lower)).toMatchObject({ memory: { emte: true, cd: false } });
  });

  test("[EC13] three levels begin one table lower; the narrower of MGAW and levels bounds", () => {
    const bytes = example();
    bytes.put(places.context, 0x9801n, (high & ~7n) | 1n);
    expect(reach(bytes, { address: 0x5000n })).toBe(0x5000n);
    expect(reach(bytes, { address: 1n << 39n })).toBe(0x4);
    bytes.put(places.context, 0x8801n, high);
    expect(reach(bytes, { address: 1n << 47n })).toBe(0x6);
    bytes.unit.cap = (bytes.unit.cap & ~(0x3fn << 16n)) | (46n << 16n);
    expect(reach(bytes, { address: 1n << 47n })).toBe(0x4);
  });

  test("[EC13] X, memory types, ignored bits, SNP and TM of a leaf lead nowhere else", () => {
    const bytes = example();
    const ignored = (1n << 63n) | (0x3ffn << 52n) | (1n << 62n) | 0xf7bn;
    bytes.put(0x4028n, 0x5000n | ignored);
    expect(reach(bytes, { address: 0x5000n })).toBe(0x5000n);
    expect(reach(bytes, { address: 0x5000n, access: "write" })).toBe(0x5000n);
  });

  test("[EC13] a right must be in every entry; the other right is of no use", () => {
    const bytes = example();
    bytes.put(0x8000n, 0x9001n);
    expect(reach(bytes, { address: 0x5000n })).toBe(0x5000n);
    expect(reach(bytes, { address: 0x5000n, access: "write" })).toBe(0x5);
    bytes.put(0x8000n, 0x9002n);
    expect(reach(bytes, { address: 0x5000n })).toBe(0x6);
    expect(reach(bytes, { address: 0x5000n, access: "write" })).toBe(0x5000n);
  });
});

describe("nested translation of extended contexts", () => {
  const nested = () => example(entries.nested);

  test("[EC14] PASID entry, tables and page are where the second level says", () => {
    const bytes = nested();
    // Second-level pages 6h, ah to dh and fh lead to 26h, 2ah to 2dh and 2fh.
    for (const page of [0x6n, 0xan, 0xbn, 0xcn, 0xdn, 0xfn]) {
      bytes.put(0x4000n + page * 8n, ((page + 0x20n) << 12n) | 7n);
    }
    expect(reach(bytes, { pasid })).toBe(0x11);
    bytes.put(0x2_6210n, 0xa801n);
    bytes.put(0x2_a000n, 0xb007n);
    bytes.put(0x2_b000n, 0xc007n);
    bytes.put(0x2_c060n, 0xd007n);
    bytes.put(0x2_d030n, 0xf007n);
    expect(reach(bytes, { pasid, address: mapped + 0x123n })).toBe(0x2_f123n);
    expect(ask(bytes, { pasid })).toMatchObject({
      updates: [
        [0x2_a000n, 0xb027n],
        [0x2_b000n, 0xc027n],
        [0x2_c060n, 0xd027n],
        [0x2_d030n, 0xf027n],
      ],
    });
  });

  test("[EC14] a request without PASID goes through the second level alone", () => {
    expect(reach(nested(), { address: 0x5000n })).toBe(0x5000n);
    const guest = example([0x8001n | (4n << 2n) | paside | neste, ...entries.nested.slice(1)]);
    expect(reach(guest, { address: 0x5000n })).toBe(0x5000n);
    expect(reach(guest, { pasid })).toBe(0xf000n);
    guest.put(0x4078n, 0n);
    expect(reach(guest, { pasid })).toBe(0x6);
    expect(reach(guest, { address: 0xf000n })).toBe(0xf000n);
  });

  test("[EC14] a table that is read alone needs R, one that is set W too", () => {
    const bytes = nested();
    bytes.put(0xa000n, 0xb027n);
    bytes.put(0x4050n, 0xa001n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    bytes.put(0xa000n, 0xb007n);
    expect(reach(bytes, { pasid })).toBe(0x5);
    bytes.put(0x4030n, 0x6001n);
    bytes.put(0xa000n, 0xb027n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
  });

  test("[EC14] X of the second level counts for fetches of the page, with SLEE alone", () => {
    const bytes = nested();
    bytes.put(0x4078n, 0xf003n);
    bytes.put(0x4050n, 0xa003n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0xf000n);
    bytes.put(places.context + 8n, high | (1n << 27n));
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0x1d);
    bytes.put(0x4078n, 0xf007n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0xf000n);
  });

  test("[EC14] an address of the second level may be far, or look like an interrupt", () => {
    const bytes = nested();
    bytes.put(0x8008n, 0x9007n);
    putAt(0x8010n, 0x9007n)(bytes);
    bytes.put(0xd030n, (1n << 40n) | 0xf007n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    bytes.put(0x9018n, 0x1_8007n);
    bytes.put(0x1_8000n + 0x1f7n * 8n, 0x1_9007n);
    bytes.put(0x1_9000n, 0x1_a007n);
    bytes.put(0xd030n, 0xfee0_0007n);
    expect(reach(bytes, { pasid })).toBe(0x1_a000n);
  });

  test("[EC14] a page is as large as both levels are", () => {
    const bytes = nested();
    const size = () => {
      const outcome = ask(bytes, { pasid, address: 0x1a0_1234n });
      return outcome.kind === "page" ? [outcome.gpa, outcome.size] : outcome;
    };
    bytes.put(0xc068n, 0x87n);
    expect(size()).toEqual([0x1234n, "4K"]);
    bytes.put(0xc068n, 0x20_0087n);
    bytes.put(0xe008n, 0x60_0087n);
    expect(size()).toEqual([0x60_1234n, "2M"]);
    bytes.put(0xc068n, 0x1_b007n);
    bytes.put(0x1_b008n, 0x20_1007n);
    expect(size()).toEqual([0x60_1234n, "4K"]);
  });
});
