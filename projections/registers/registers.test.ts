import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitMask } from "../../events/layout/layout-field.ts";
import { profiles } from "../../events/profile/profiles.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import { registerMap } from "../../events/registers/register.ts";
import { registerWrite } from "./registers.ts";

const everything = registerMap(profiles.everything);
const some = fc.constantFrom(...everything.specs);

const named = (name: string): RegisterSpec => {
  const spec = everything.byName.get(name);
  if (!spec) throw new RangeError(name);
  return spec;
};

const full = (spec: RegisterSpec): bigint => bitMask(spec.bytes * 8 - 1, 0);
const lanesOf = (bytes: readonly boolean[]): bigint =>
  bytes.reduce((mask, on, at) => (on ? mask | (0xffn << BigInt(at * 8)) : mask), 0n);

describe("a register write", () => {
  const write = fc.record({
    spec: some,
    old: fc.bigInt({ min: 0n, max: bitMask(127, 0) }),
    value: fc.bigInt({ min: 0n, max: bitMask(127, 0) }),
    bytes: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
  });

  test("[REG6] changes writable bits, clears and sets by ones, and nothing else", () => {
    const counts = { written: 0, cleared: 0 };
    fc.assert(
      fc.property(write, ({ spec, old: before, value, bytes }) => {
        const lanes = lanesOf(bytes) & full(spec);
        const old = before & full(spec);
        const now = registerWrite(spec, old, value & lanes, lanes);
        const mayChange = (spec.writable | spec.w1c | spec.w1s) & lanes;
        expect((old ^ now) & (full(spec) ^ mayChange)).toBe(0n);
        expect(now & spec.writable & lanes).toBe(value & spec.writable & lanes);
        expect(now & spec.w1c & lanes & value).toBe(0n);
        if (now !== old) counts.written += 1;
        if (old & spec.w1c & lanes & value) counts.cleared += 1;
      }),
      { numRuns: 1000 },
    );
    expect(counts.written).toBeGreaterThan(50);
    expect(counts.cleared).toBeGreaterThan(10);
  });

  test("[REG7] byte by byte gives what all bytes at once give", () => {
    fc.assert(
      fc.property(write, ({ spec, old: before, value: any, bytes }) => {
        const old = before & full(spec);
        const value = any & full(spec);
        const lanes = lanesOf(bytes) & full(spec);
        const steps = bytes.map((on, at) => (on ? (0xffn << BigInt(at * 8)) & full(spec) : 0n));
        const apart = steps.reduce((word, lane) => registerWrite(spec, word, value, lane), old);
        expect(apart).toBe(registerWrite(spec, old, value, lanes));
      }),
    );
  });

  test("[REG8] writing 1 to F clears a fault record and keeps the rest of it", () => {
    const record = (1n << 127n) | (5n << 96n) | 0x1000n;
    const lane = 0xffn << 120n;
    expect(registerWrite(named("FRCD0"), record, 1n << 127n, lane)).toBe(record ^ (1n << 127n));
    expect(registerWrite(named("FRCD0"), record, 0n, bitMask(127, 0))).toBe(record);
    const setting: RegisterSpec = { ...named("GSTS"), w1s: 0b110n };
    expect(registerWrite(setting, 0b1n, 0b10n, 0xffn)).toBe(0b11n);
  });
});
