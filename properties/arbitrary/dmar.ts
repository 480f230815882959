import fc from "fast-check";
import type { Dmar, Scope, Structure } from "../../events/acpi/dmar.ts";
import { scopeFlags } from "../../events/acpi/dmar.ts";

const byte = fc.nat(255);
const segment = fc.nat(0xffff);
const word = fc.bigInt(0n, (1n << 64n) - 1n);
const number32 = fc.nat(0xffff_ffff);

/** Letters of one byte each; `size` of them. */
const letters = (size: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => String.fromCharCode(...bytes));

/** Reserved bits: mostly none, else some of a mask. */
const reserved = (mask: bigint): fc.Arbitrary<{ readonly reserved?: bigint }> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.bigInt(0n, mask).map((bits) => {
        return (bits & mask) === 0n ? {} : { reserved: bits & mask };
      }),
    },
  );

const bits = (msb: number, lsb: number): bigint =>
  ((1n << BigInt(msb - lsb + 1)) - 1n) << BigInt(lsb);

const path = fc.array(fc.record({ device: byte, function: byte }), { minLength: 1, maxLength: 5 });

const flags = fc.subarray([...scopeFlags]).map((set) => (set.length === 0 ? {} : { flags: set }));

const anyScope: fc.Arbitrary<Scope> = fc
  .tuple(
    fc.record({ type: fc.oneof(fc.integer({ min: 1, max: 5 }), byte), enumerationId: byte }),
    fc.record({ bus: byte, path }),
    flags,
    reserved(bits(31, 21)),
  )
  .map(([kind, place, set, rest]) => ({ ...kind, ...place, ...set, ...rest }));

const scopes = fc.array(anyScope, { maxLength: 4 });

/** A structure's fields together with its reserved bits. */
function structure<T extends object>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  mask: bigint,
): fc.Arbitrary<Structure> {
  return fc
    .tuple(fc.record(fields), reserved(mask))
    .map(([body, rest]) => ({ ...body, ...rest }) as unknown as Structure);
}

const some = { minLength: 1, maxLength: 9 };
/** Letters of which none is zero. */
const objectName = fc
  .uint8Array({ min: 1, maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes));

const flag = fc.boolean();
const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);

const anyStructure: fc.Arbitrary<Structure> = fc.oneof(
  structure(
    { type: is("DRHD"), includePciAll: flag, size: fc.nat(15), segment, base: word, scopes },
    bits(39, 33) | bits(47, 44),
  ),
  structure({ type: is("RMRR"), segment, base: word, end: word, scopes }, bits(47, 32)),
  structure({ type: is("ATSR"), allPorts: flag, segment, scopes }, bits(47, 33)),
  structure({ type: is("RHSA"), base: word, proximityDomain: number32 }, bits(63, 32)),
  structure(
    {
      type: is("RHSA"),
      base: word,
      proximityDomain: number32,
      rest: fc.uint8Array(some),
    },
    0n,
  ),
  structure({ type: is("ANDD"), deviceNumber: byte, name: objectName }, bits(55, 32)),
  structure(
    { type: is("ANDD"), deviceNumber: byte, name: objectName, rest: fc.uint8Array(some) },
    0n,
  ),
  structure({ type: is("SATC"), atcRequired: flag, segment, scopes }, bits(47, 33)),
  structure({ type: is("SIDP"), segment, scopes }, bits(47, 32)),
  fc.record({
    type: is("raw"),
    code: fc.integer({ min: 7, max: 0xffff }),
    bytes: fc.uint8Array({ maxLength: 20 }),
  }),
);

/** Any DMAR table that there can be: every field, reserved bits, unknown structures. */
export const anyDmar: fc.Arbitrary<Dmar> = fc
  .tuple(
    fc.record({
      ...{ revision: byte, oemId: letters(6), oemTableId: letters(8), oemRevision: number32 },
      ...{ creatorId: letters(4), creatorRevision: number32 },
      hostAddressWidth: fc.integer({ min: 1, max: 256 }),
      ...{ intrRemap: flag, x2apicOptOut: flag, dmaOptIn: flag },
      structures: fc.array(anyStructure, { maxLength: 8 }),
    }),
    reserved(bits(95, 11)),
  )
  .map(([table, rest]) => ({ ...table, ...rest }));
