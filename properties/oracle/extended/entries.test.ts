import { describe, expect, test } from "vitest";
import { entryCases } from "./entry-cases.ts";
import {
  ask,
  dinve,
  entries,
  example,
  lower,
  neste,
  paside,
  places,
  reach,
  upper,
  without,
} from "./example-extended.ts";
import { none } from "./fault-case.ts";
import { contradiction, pasidBits } from "./unit.ts";

const pasid = 0x42;
const page5 = { address: 0x5123n };

describe("extended root and context entries", () => {
  test("[EC1] requests without PASID take the second level, those with one the first", () => {
    const bytes = example();
    expect(reach(bytes, page5)).toBe(0x5123n);
    expect(reach(bytes, { pasid, address: 0x180_6123n })).toBe(0xf123n);
    expect(ask(bytes, page5)).toMatchObject({ tag: { did: 5, pasid: undefined } });
    expect(ask(bytes, { pasid })).toMatchObject({ tag: { did: 5, pasid, global: false } });
  });

  test("[EC1] functions from 16.0 on have the upper half of the root entry", () => {
    const bytes = example();
    bytes.put(0x3400n, ...entries.plain);
    expect(reach(bytes, { ...page5, sid: upper })).toBe(0x5123n);
    bytes.put(places.root, 0n, 0x3001n);
    expect(reach(bytes, { ...page5, sid: upper })).toBe(0x5123n);
    expect(reach(bytes, { ...page5, sid: lower })).toBe(0x1);
    bytes.put(places.root + 8n, 0x3003n);
    expect(reach(bytes, { ...page5, sid: upper })).toBe(0xa);
  });

  test("[EC1] 16.0 is the first of the upper half", () => {
    const bytes = example();
    bytes.put(0x3000n, ...entries.plain);
    expect(reach(bytes, { ...page5, sid: 0x80 })).toBe(0x5123n);
    bytes.put(0x2fe0n, ...entries.plain);
    expect(reach(bytes, { ...page5, sid: 0x7f })).toBe(0x5123n);
  });

  test("[EC1] a bus has its own root entry, a function an entry of 32 bytes", () => {
    const bytes = example();
    expect(reach(bytes, { ...page5, sid: 0x120 })).toBe(0x1);
    bytes.put(0x1010n, 0x2001n);
    expect(reach(bytes, { ...page5, sid: 0x120 })).toBe(0x5123n);
    expect(reach(bytes, { ...page5, sid: 0x21 })).toBe(0x2);
  });

  for (const { name, spoil, reason, request, words } of entryCases)
    test(`[EC2] ${reason.toString(16)}h ${name}`, () => {
      const bytes = example(words);
      if (spoil !== none) expect(reach(bytes, request)).toBeTypeOf("bigint");
      spoil(bytes);
      expect(reach(bytes, request)).toBe(reason);
    });

  test("[EC2] what comes first counts: presence, reserved bits, validity, the request", () => {
    const bytes = example();
    bytes.put(places.context, 0x10_0000_801cn, 0n, 0x6002n, 0x7000n);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0x2);
    bytes.put(places.context, (1n << 40n) | 0x801dn);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0xb);
    bytes.put(places.context, 0x801dn);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0x3);
    bytes.put(places.context, 0x8001n, 0x0502n);
    expect(reach(bytes, { pasid: 0x80, execute: true })).toBe(0x18);
    bytes.put(places.context, 0x8801n);
    expect(reach(bytes, { pasid: 0x80, execute: true })).toBe(0x1b);
    bytes.put(places.pasid, 0n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0x19);
    expect(reach(bytes, { pasid, privileged: true })).toBe(0x11);
    bytes.put(places.pasid, 0xa003n);
    expect(reach(bytes, { pasid, privileged: true })).toBe(0x12);
    bytes.put(places.pasid, 0xa001n);
    expect(reach(bytes, { pasid, privileged: true, address: 1n << 47n })).toBe(0x1a);
    expect(reach(bytes, { pasid, address: 1n << 47n })).toBe(0x14);
  });

  test("[EC3] without PASIDE what it makes count is not looked at", () => {
    const bytes = example();
    const ignored = 0x8001n | dinve;
    bytes.put(places.context, ignored, (0x8888_8888n << 32n) | 0x0502n, ~0xfffn | 0xfn, ~0xfffn);
    expect(reach(bytes, page5)).toBe(0x5123n);
    bytes.put(places.context, ignored | 0x800n);
    expect(reach(bytes, page5)).toBe(0xb);
  });

  test("[EC3] pass-through ignores PASIDE, and what that makes count", () => {
    const bytes = example();
    const pat = (0x8888_8888n << 32n) | 0x0502n;
    bytes.put(places.context, 0x8009n | paside | neste | dinve, pat, ~0xfffn | 0xfn, ~0xfffn);
    expect(reach(bytes, page5)).toBe(0x5123n);
    expect(reach(bytes, { pasid })).toBe(0xd);
  });

  test("[EC3] memory types, PGE, NXE, WPE and SMEP are carried and lead nowhere else", () => {
    const bytes = example();
    bytes.put(places.context, 0x88e1n, 0x7777_7777_0500_05fan | (1n << 24n));
    expect(reach(bytes, page5)).toBe(0x5123n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
  });

  test("[EC4] each type takes some requests and blocks the others", () => {
    const asked = [
      page5,
      { pasid },
      { ...page5, type: "translation" },
      { pasid, type: "translation" },
      { ...page5, type: "translated" },
    ] as const;
    const answers = (words: readonly bigint[]) => asked.map((one) => reach(example(words), one));
    expect(answers(entries.plain)).toEqual([0x5123n, 0xf000n, 0xd, 0xd, 0xd]);
    expect(answers(entries.deviceTlb)).toEqual([0x5123n, 0xf000n, 0x5123n, 0xf000n, 0x5123n]);
    expect(answers(entries.passThrough)).toEqual([0x5123n, 0xd, 0xd, 0xd, 0xd]);
    expect(answers(entries.guest)).toEqual([0x5123n, 0xf000n, 0xd, 0xd, 0xd]);
    expect(answers(entries.guestDeviceTlb)).toEqual([0x5123n, 0xf000n, 0x5123n, 0xf000n, 0x5123n]);
  });

  test("[EC4] what nothing translates is bounded by the host's width", () => {
    const beyond = { address: 1n << 40n };
    for (const words of [entries.passThrough, entries.guest])
      expect(reach(example(words), beyond)).toBe(0x4);
    const translated = { ...beyond, type: "translated" } as const;
    expect(reach(example(entries.deviceTlb), translated)).toBe(0x4);
    expect(reach(example(entries.passThrough), { address: 0xff_ffff_f000n })).toBe(0xff_ffff_f000n);
  });

  test("[EC4] a write to the interrupt range without PASID is an interrupt", () => {
    const bytes = example();
    bytes.put(places.root, 0n, 0n);
    const address = 0xfee0_0000n;
    expect(reach(bytes, { address, access: "write" })).toBe("interrupt");
    expect(reach(bytes, { address })).toBe(0x1);
    expect(reach(bytes, { address, access: "write", pasid })).toBe(0x1);
  });
});

describe("capabilities of extended contexts", () => {
  test("[EC9] ECS and SMTS in one unit contradict each other", () => {
    const { unit } = example();
    expect(contradiction(unit)).toBeUndefined();
    expect(contradiction({ ecap: unit.ecap | (1n << 43n) })).toContain("SMTS");
    expect(contradiction({ ecap: 1n << 43n })).toBeUndefined();
  });

  test("[EC9] a regular root table is another oracle's, with RTT and without ECS too", () => {
    const bytes = example();
    expect(reach(bytes, page5)).toBe(0x5123n);
    without(24)(bytes);
    expect(reach(bytes, page5)).toBe("legacy");
    expect(reach({ ...bytes, unit: { ...bytes.unit, root: 0x1000n } }, page5)).toBe("legacy");
  });

  test("[EC9] PASIDs are told of by bit 40 or, in older documents, by bit 28", () => {
    const bytes = example();
    bytes.unit.ecap ^= (1n << 40n) | (1n << 28n);
    expect(reach(bytes, { pasid })).toBe(0xb);
    bytes.unit.pasidBit = pasidBits.until23;
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    bytes.unit.ecap ^= (1n << 40n) | (1n << 28n);
    expect(reach(bytes, { pasid })).toBe(0xb);
  });

  test("[EC9] a table has 2^(PTS+5) PASIDs, at most the 2^(PSS+1) of the unit", () => {
    const bytes = example();
    bytes.put(0x6400n, 0xa801n);
    expect(reach(bytes, { pasid: 0x7f })).toBe(0x11);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0x1b);
    bytes.put(places.context + 16n, 0x6003n);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0xf000n);
    bytes.put(places.context + 16n, 0x600fn);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0xf000n);
    bytes.unit.ecap ^= 1n << 35n;
    expect(reach(bytes, { pasid: 0x80 })).toBe(0x3);
    bytes.put(places.context + 16n, 0x600en);
    expect(reach(bytes, { pasid: 0x80 })).toBe(0xf000n);
  });

  test("[EC9] a PASID table that crosses memory's end is one up to there", () => {
    const bytes = example();
    bytes.put(places.context + 16n, 0xf_f005n);
    expect(reach(bytes, { pasid: 0x1ff })).toBe(0x11);
    expect(reach(bytes, { pasid: 0x200 })).toBe(0x10);
    expect(reach(bytes, { pasid: 0x400 })).toBe(0x1b);
  });
});
