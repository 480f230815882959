import { describe, expect, test } from "vitest";
import type { Scope, Structure } from "../../events/acpi/dmar.ts";
import { remarksOn } from "../../events/acpi/dmar-remarks.ts";
import { readDmar } from "../../events/acpi/read-dmar.ts";
import { endpoint, region, tableOf, told, unit } from "./dmar-table.ts";

const all = unit({ includePciAll: true, base: 0xfed9_9000n });

describe("a unit", () => {
  test("[AC18] as it should be is passed by", () => {
    const table = [unit({ scopes: [endpoint(2)] }), all, region(0xbdc0_0000n, 0xbfff_ffffn)];
    expect(told(table)).toEqual([]);
  });

  test("[AC18] at address 0, at all ones, or not aligned to its size", () => {
    expect(told([unit({ base: 0n })])).toEqual([
      "30 the unit's registers are at address 0 (Linux, Xen)",
    ]);
    expect(told([unit({ base: (1n << 64n) - 1n })])).toEqual([
      "30 the unit's registers are at an address of all ones (Xen)",
    ]);
    expect(told([unit({ base: 0xfed9_2000n, size: 1 })])).toEqual([]);
    expect(told([unit({ base: 0xfed9_2000n, size: 2 })])).toEqual([
      "30 the unit's registers at 0xfed92000 are not aligned (the specification)",
    ]);
  });

  test("[AC18] with INCLUDE_PCI_ALL that is not the last of its segment, or a second one", () => {
    expect(told([all, unit()])).toEqual([
      "30 INCLUDE_PCI_ALL is not the last unit of segment 0 (the specification, Linux, Xen)",
    ]);
    expect(told([all, unit({ segment: 1 })])).toEqual([]);
    const second = (segment: number): readonly Structure[] => [
      unit({ includePciAll: true, segment }),
      { ...all, segment } as Structure,
    ];
    expect(told(second(0))).toEqual([
      "40 a second unit with INCLUDE_PCI_ALL in segment 0 (Linux, Xen)",
    ]);
    expect(told(second(1))).toEqual(["40 a second unit with INCLUDE_PCI_ALL in segment 1 (Linux)"]);
  });

  test("[AC18] whose registers are another's", () => {
    expect(told([unit(), unit()])).toEqual([
      "40 the unit at 0xfed91000 is listed at 0x30 already (Linux)",
    ]);
    expect(told([unit(), unit({ base: 0xfed9_0000n, size: 1 })])).toEqual([
      "40 its registers overlap those of the unit at 0x30 (Linux)",
    ]);
    expect(told([unit(), unit({ base: 0xfed9_2000n, size: 1 })])).toEqual([]);
  });

  test("[AC18] that is not there", () => {
    expect(told([])).toEqual(["0 the table has no remapping unit (Linux)"]);
  });
});

describe("a device scope", () => {
  const low = 0xfed9_0000n;
  const scopes = [endpoint(2)];
  const rest = (base: bigint): Structure => unit({ scopes, base, includePciAll: true });
  const winnerOf = (...units: readonly Structure[]): readonly unknown[] =>
    remarksOn(readDmar(tableOf(units))).map(({ who }) => who.Xen?.replace(/.* at /, ""));

  test("[AC18] of two units is told at the second; two segments are two", () => {
    expect(told([unit({ scopes, base: low }), unit({ scopes })])).toEqual([
      "58 endpoint 00:02.0 is in the scope of the unit at 0x30 too (Linux, Xen)",
    ]);
    expect(told([unit({ scopes, base: low }), unit({ scopes, segment: 1 })])).toEqual([]);
    expect(told([unit({ scopes: [...scopes, ...scopes] })])).toEqual([]);
  });

  test("[AC18] of two units goes to the last, but not to one with INCLUDE_PCI_ALL", () => {
    expect(winnerOf(unit({ scopes, base: low }), unit({ scopes }))).toEqual(["0xfed91000"]);
    expect(winnerOf(unit({ scopes }), unit({ scopes, base: low }))).toEqual(["0xfed90000"]);
    expect(winnerOf(unit({ scopes }), rest(low))).toEqual(["0xfed91000"]);
    expect(winnerOf(rest(low), unit({ scopes }))).toContain("0xfed91000");
    expect(winnerOf(rest(low), rest(0xfed9_2000n))).toContain("0xfed90000");
  });

  test("[AC18] below a bridge of another unit", () => {
    const bridge = endpoint(0x1c, { type: 2 });
    const below = endpoint(0, {
      path: [
        { device: 0x1c, function: 0 },
        { device: 0, function: 1 },
      ],
    });
    const what = "endpoint 00:1c.0/00.1 lies below a bridge in the scope of the unit at";
    const two = (first: Scope, second: Scope): readonly Structure[] => [
      unit({ scopes: [first], base: low }),
      unit({ scopes: [second] }),
    ];
    expect(told(two(bridge, below))).toEqual([`58 ${what} 0x30 (Linux, Xen)`]);
    expect(told(two(below, bridge))).toEqual([`40 ${what} 0x4a (Linux, Xen)`]);
    const beside = [unit({ scopes: [endpoint(0x1c)], base: low }), unit({ scopes: [below] })];
    expect(told(beside)).toEqual([]);
  });

  test("[AC18] of an IOAPIC or an ACPI device is told by its number", () => {
    const ioapic = (id: number, device: number): Scope =>
      endpoint(device, { type: 3, enumerationId: id });
    const same = [unit({ scopes: [ioapic(2, 1)], base: low }), unit({ scopes: [ioapic(2, 7)] })];
    expect(told(same)).toEqual([
      "58 ioapic 00:07.0 is in the scope of the unit at 0x30 too (Linux, Xen)",
    ]);
    const others = [unit({ scopes: [ioapic(2, 1)], base: low }), unit({ scopes: [ioapic(3, 1)] })];
    expect(told(others)).toEqual([]);
    const named = endpoint(4, { type: 5, enumerationId: 1 });
    const twice = [unit({ scopes: [named], base: low }), unit({ scopes: [named] })];
    expect(told(twice)).toEqual([
      "58 namespace 00:04.0 is in the scope of the unit at 0x30 too (Linux)",
    ]);
  });

  test("[AC18] of a kind that nobody knows", () => {
    const scopes = [endpoint(1), endpoint(2, { type: 0 }), endpoint(3, { type: 6 })];
    expect(told([unit({ scopes })])).toEqual([
      "48 a device scope of type 0 (Linux, Xen)",
      "50 a device scope of type 6 (Linux, Xen)",
    ]);
    const special: Structure = { type: "SIDP", segment: 0, scopes };
    expect(told([all, special])).toEqual([]);
  });
});
