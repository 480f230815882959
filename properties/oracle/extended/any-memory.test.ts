import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeDescriptor } from "./descriptor.ts";
import { entries, example, lower, neste, upper } from "./example-extended.ts";
import type { Outcome } from "./outcome.ts";
import { outcomeOf } from "./outcome.ts";
import { reasons } from "./reason.ts";

/** Bits that depend on an address and a seed alone. */
const mixed = (gpa: bigint, seed: bigint): bigint =>
  BigInt.asUintN(
    64,
    (BigInt.asUintN(64, (gpa ^ seed) * 0x9e37_79b9_7f4a_7c15n) >> 7n) * 0xff51_afd7n,
  );

/** A word of a table: often a present entry of low memory, else one with any bits. */
function wordAt(gpa: bigint, seed: bigint): bigint {
  const bits = mixed(gpa, seed);
  const chance = (bits >> 40n) & 15n;
  if (chance === 0n) return bits;
  const pointer = bits & 0xf_f000n;
  return chance < 4n ? pointer | ((bits >> 24n) & 0xfffn) : pointer | 7n;
}

/** The entries of the example, some of them with a bit turned. */
function entryAt(gpa: bigint, seed: bigint, word: bigint): bigint {
  const bits = mixed(gpa, ~seed);
  return (bits >> 40n) % 8n === 0n ? word ^ (1n << ((bits >> 20n) % 64n)) : word;
}

test("[EC15] whatever memory holds, a request ends at a page or with a reason of the list", () => {
  const ends = new Map<string, number>();
  // Device TLB, nested, in both halves.
  const [low = 0n, ...rest] = entries.deviceTlb;
  const { unit, put } = example([low | neste, ...rest]);
  put(0x3400n, ...entries.deviceTlb);
  const count = (outcome: Outcome) => {
    const name = outcome.kind === "fault" ? outcome.reason.toString(16) : outcome.kind;
    ends.set(name, (ends.get(name) ?? 0) + 1);
  };
  const request = fc.record(
    {
      sid: fc.constantFrom(lower, lower, lower, upper),
      address: fc.bigInt({ min: 0n, max: (1n << 20n) - 1n }),
      access: fc.constantFrom("read", "write"),
      pasid: fc.constantFrom(0x42, 0x42, 0x42, 0x41, 0x80),
      execute: fc.boolean(),
      privileged: fc.boolean(),
      type: fc.constantFrom("untranslated", "translation", "translated"),
    },
    { requiredKeys: ["sid", "address", "access"] },
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), request, (seed, asked) => {
      const read64 = (gpa: bigint) => {
        const word = unit.read64(gpa);
        if (word === undefined || gpa < 0x8000n)
          return word === undefined ? word : entryAt(gpa, seed, word);
        return wordAt(gpa, seed);
      };
      const outcome = outcomeOf({ ...unit, read64 }, asked);
      count(outcome);
      if (outcome.kind === "fault") expect(reasons.has(outcome.reason)).toBe(true);
      if (outcome.kind === "page") expect(outcome.gpa >> BigInt(unit.haw)).toBe(0n);
    }),
    { numRuns: 3000, seed: 2016 },
  );
  expect(ends.size).toBeGreaterThan(15);
});

test("[EC15] whatever a descriptor holds, it is work or a refusal", () => {
  const { unit } = example();
  const word = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(fc.nat(15), word, word, (type, low, high) => {
      const masked = (low & 0x0000_ffff_0000_fff0n & ~0xffc0n) | BigInt(type);
      for (const each of [low, masked]) {
        const one = decodeDescriptor(unit, each, high & ~0xfffn);
        if (typeof one === "string") expect(["type", "field"]).toContain(one);
        else expect(one.kind).toBeTypeOf("string");
      }
    }),
    { numRuns: 2000, seed: 2016 },
  );
});
