// Length: the rules of one declaration language.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContextEntry, contextReserved } from "../context/context-entry.ts";
import { pasidReserved } from "../context/pasid-entry.ts";
import { RootEntry, rootReserved } from "../context/root-entry.ts";
import { extendedReasons } from "../fault/extended-reasons.ts";
import { faultReasons, reason } from "../fault/fault-reason.ts";
import { FaultRecord } from "../fault/fault-record.ts";
import { RemappedEntry } from "../interrupt/interrupt-entry.ts";
import { RemappableAddress } from "../interrupt/interrupt-request.ts";
import { profileOf } from "../profile/profile.ts";
import { profiles } from "../profile/profiles.ts";
import {
  descriptorReserved,
  descriptors,
  descriptorType,
  descriptorTypes,
} from "../queue/descriptor-scope.ts";
import { IotlbDescriptor, WaitDescriptor } from "../queue/descriptors.ts";
import { registerMap } from "../registers/register.ts";
import { SecondStageEntry, secondStageReserved } from "../shadow/second-stage-entry.ts";
import type { AnyLayout, Layout } from "./layout.ts";
import { layout, placeField, readersOf } from "./layout.ts";
import type { LayoutField, LayoutFields } from "./layout-field.ts";
import { address, bitMask, code, fieldMask, flag, uint, wide } from "./layout-field.ts";

const entries: readonly AnyLayout[] = [RootEntry, ContextEntry, SecondStageEntry, FaultRecord];
const layouts: readonly AnyLayout[] = [
  ...entries,
  ...[...descriptors.values()].map((row) => row.layout),
  ...registerMap(profiles.everything).specs.map((spec) => spec.layout),
];

/** Any word of the layout's width. */
const uniform = (of: AnyLayout): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 0n, max: bitMask(of.width - 1, 0) });

/** Any legal value of a field, in place. */
function legal(field: LayoutField): fc.Arbitrary<bigint> {
  if (field.kind === "code") {
    return fc.constantFrom(...Object.values(field.names)).map((value) => placeField(field, value));
  }
  return fc.bigInt({ min: 0n, max: bitMask(field.msb - field.lsb, 0) }).map((value) => {
    return value << BigInt(field.lsb);
  });
}

/** A word without reserved bits and with named codes alone. */
const wellFormed = (of: AnyLayout): fc.Arbitrary<bigint> =>
  fc
    .tuple(...Object.values(of.fields).map(legal))
    .map((parts) => parts.reduce((word, part) => word | part, 0n));

const again = (of: AnyLayout, word: bigint): bigint =>
  Object.entries(of.decode(word)).reduce((sum, [name, value]) => {
    const field = of.fields[name];
    return field ? sum | placeField(field, value) : sum;
  }, 0n);

describe("examples", () => {
  test("[LAY1] a context entry is taken apart by the bit numbers of the table", () => {
    const word = (0x12n << 72n) | (2n << 64n) | 0x49b_0000n | 0b1001n;
    expect(ContextEntry.decode(word)).toEqual({
      present: true,
      fpd: false,
      tt: ContextEntry.fields.tt.names.passThrough,
      ssptptr: 0x49b_0000n,
      aw: ContextEntry.fields.aw.names.levels4,
      avail: 0,
      did: 0x12,
    });
  });

  test("[LAY2] an address in the upper half of an entry decodes as a byte address", () => {
    const wait = WaitDescriptor.encode({ type: 5, sw: true, data: 2, statusAddr: 0x1234_5678n });
    expect(wait).toBe((0x1234_5678n << 64n) | (2n << 32n) | 0x25n);
    expect(WaitDescriptor.decode(wait).statusAddr).toBe(0x1234_5678n);
    expect(IotlbDescriptor.encode({ addr: 0x7000n })).toBe(0x7000n << 64n);
  });

  test("[LAY3] ranges may be written in either order", () => {
    const both = [uint([7, 0], "a"), uint([0, 7], "a")];
    expect(both[0]).toEqual(both[1]);
  });
});

describe("what a table must not be", () => {
  const make = (width: number, low: number, high: number) =>
    layout({ name: "T", width, fields: { a: flag(0, "a") }, reserved: [[high, low]] });
  test("[LAY4] fields and reserved bits tile the word or the module does not load", () => {
    expect(make(8, 1, 7).reservedMask).toBe(0xfen);
    expect(() => make(8, 2, 7)).toThrow("T: bit 1 is neither a field nor reserved");
    expect(() => make(8, 1, 6)).toThrow("T: bit 7 is neither a field nor reserved");
    expect(() => make(8, 0, 7)).toThrow("T: bit 0 is claimed twice");
    expect(() => make(8, 1, 8)).toThrow("T: bit 8 is outside the word");
    expect(() => uint([32, 0], "too wide")).toThrow("wider than 32 bits");
    expect(() => code([64, 0], {}, "too wide")).toThrow("wider than 32 bits");
  });

  test("[LAY5] a value that does not fit its field is an error, not a mask", () => {
    const Word = layout({
      name: "W",
      width: 64,
      fields: { low: uint([3, 0], "l"), page: address([51, 12], "p"), rest: wide([63, 52], "r") },
      reserved: [[11, 4]],
    });
    expect(() => Word.encode({ low: 16 })).toThrow("does not fit bits [3:0]");
    expect(() => Word.encode({ low: -1 })).toThrow(RangeError);
    expect(() => Word.encode({ low: 0.5 })).toThrow(RangeError);
    expect(() => Word.encode({ page: 0x1800n })).toThrow(RangeError);
    expect(() => Word.encode({ page: 1n << 52n })).toThrow(RangeError);
    expect(Word.encode({ low: 15, page: 0x1000n, rest: 1n })).toBe(0x10_0000_0000_100fn);
  });
});

describe("every layout", () => {
  test.each(layouts.map((of) => [of.name, of] as const))("[LAY6] %s round-trips", (_, of) => {
    fc.assert(
      fc.property(uniform(of), (word) => {
        expect(again(of, word)).toBe(word & (bitMask(of.width - 1, 0) ^ of.reservedMask));
      }),
      { numRuns: 40 },
    );
    fc.assert(
      fc.property(wellFormed(of), (word) => {
        expect(word & of.reservedMask).toBe(0n);
        expect(again(of, word)).toBe(word);
      }),
      { numRuns: 40 },
    );
    const all = Object.values(of.fields).reduce((sum, field) => sum + fieldMask(field), 0n);
    expect(all + of.reservedMask).toBe(bitMask(of.width - 1, 0));
  });
});

describe("reserved bits that depend on capabilities", () => {
  const qemu = profiles["qemu-legacy"];
  const everything = profiles.everything;
  test("[LAY7] addresses beyond the host's width are reserved in root and context entries", () => {
    expect(rootReserved(qemu)).toBe(bitMask(11, 1) | bitMask(127, 48));
    expect(contextReserved(qemu)).toBe((0xffffffffff000080n << 64n) | 0xff0n | bitMask(63, 48));
  });

  test("[LAY7] domain-ids wider than CAP.ND allows are reserved", () => {
    const { name, ver, cap, ecap } = qemu;
    const few = profileOf({ name, ver, cap: (cap & ~7n) | 2n, ecap });
    expect(contextReserved(few) & ~contextReserved(qemu)).toBe(bitMask(87, 80));
    expect(pasidReserved(few) & ~pasidReserved(qemu)).toBe(bitMask(79, 72));
  });

  test("[LAY8] a second-stage entry reserves the snooping, sizes and widths it lacks", () => {
    const high = bitMask(51, 48) | (1n << 62n);
    expect(secondStageReserved(qemu, 1, false)).toBe(high | 0x800n);
    expect(secondStageReserved(qemu, 1, true)).toBe(high | 0x800n);
    expect(secondStageReserved(qemu, 2, true)).toBe(high | 0x1ff800n);
    expect(secondStageReserved(qemu, 3, true)).toBe(high | 0x3ffff800n);
    expect(secondStageReserved(qemu, 4, false)).toBe(high | 0x880n);
    expect(secondStageReserved(everything, 5, true)).toBe((1n << 62n) | 0x880n);
    expect(secondStageReserved(everything, 2, false)).toBe((1n << 62n) | 0x800n);
    expect(secondStageReserved(everything, 2, true)).toBe((1n << 62n) | 0x1ff000n);
    expect(secondStageReserved(everything, 1, false)).toBe(1n << 62n);
    const small = profiles["xen-vvtd"];
    expect(secondStageReserved(small, 2, true) & 0x80n).toBe(0x80n);
    expect(secondStageReserved(small, 3, true) & 0x80n).toBe(0x80n);
  });

  test("[LAY9] a descriptor's type has 7 bits, its reserved bits follow the width", () => {
    expect(descriptorType(0xe05n)).toBe(0x75);
    expect(descriptorType((1n << 200n) | 0x1f2n)).toBe(2);
    const { contextCache, wait, deviceTlb } = descriptorTypes;
    const low = descriptorReserved(contextCache, qemu, 128);
    expect(low).toBe((bitMask(63, 0) << 64n) | 0xfffc00000000f1c0n);
    expect(descriptorReserved(contextCache, qemu, 256)).toBe(low | bitMask(255, 128));
    expect(descriptorReserved(wait, qemu, 128)).toBe((3n << 64n) | 0xfffff180n);
    expect(descriptorReserved(deviceTlb, qemu, 128) & 0xf000n).toBe(0xf000n);
    expect(descriptorReserved(deviceTlb, everything, 128) & 0xf000n).toBe(0n);
    expect(descriptorReserved(0x7f, qemu, 128)).toBe(bitMask(127, 0));
  });
});

test("[LAY10] fault reasons have distinct codes and names; few are never suppressed", () => {
  expect(faultReasons.size).toBe(Object.keys(reason).length);
  expect(reason.rootNotPresent).toBe(1);
  const legacy = [...faultReasons.values()].filter((row) => row.code < 0x10);
  expect(legacy.map((row) => row.code)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  expect(legacy.filter((row) => !row.qualified).map((row) => row.code)).toEqual([1, 8, 9, 10]);
  const extended = [...faultReasons.values()].filter((row) => row.code >> 4 === 1);
  expect(extended).toHaveLength(Object.keys(extendedReasons).length);
  expect(extended.filter((row) => !row.qualified).map((row) => row.code)).toEqual([0x10, 0x1c]);
});

test("[LAY12] a field read alone has the value that decoding all of them gives", () => {
  const read = [IotlbDescriptor, WaitDescriptor, RemappedEntry, RemappableAddress, ContextEntry];
  for (const of of read) {
    const readers = readersOf(of as unknown as Layout<LayoutFields>);
    const words = fc.bigInt({ min: 0n, max: bitMask(of.width - 1, 0) });
    const check = (word: bigint): void => {
      const decoded = of.decode(word) as Readonly<Record<string, unknown>>;
      for (const [name, reads] of Object.entries(readers)) expect(reads(word)).toBe(decoded[name]);
    };
    fc.assert(fc.property(words, check), { numRuns: 40 });
  }
});
