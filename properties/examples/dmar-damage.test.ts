import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AcpiError } from "../../events/acpi/acpi-error.ts";
import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { Dmar, Structure } from "../../events/acpi/dmar.ts";
import { remarksOn } from "../../events/acpi/dmar-remarks.ts";
import type { DmarReading } from "../../events/acpi/read-dmar.ts";
import { checksumOf, readDmar } from "../../events/acpi/read-dmar.ts";
import { anyDmar } from "../arbitrary/dmar.ts";

const scope = { type: 1, enumerationId: 0, bus: 0, path: [{ device: 2, function: 0 }] };
const unit: Structure = {
  ...{ type: "DRHD", includePciAll: true, size: 0, segment: 0, base: 0xfed9_1000n },
  scopes: [scope, { ...scope, path: [{ device: 3, function: 1 }] }],
};
const ports: Structure = { type: "ATSR", allPorts: true, segment: 0, scopes: [] };
const tableOf = (...structures: readonly Structure[]): Uint8Array => {
  const flags = { intrRemap: true, x2apicOptOut: false, dmaOptIn: false };
  return buildDmar({ hostAddressWidth: 39, ...flags, structures });
};
/** The unit begins at 30h, its scopes at 40h and 48h, the ATSR at 50h; 88 bytes. */
const good = tableOf(unit, ports);

function reread(changes: Readonly<Record<number, number>>, from: Uint8Array = good): DmarReading {
  const bytes = Uint8Array.from(from);
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  if (changes[9] === undefined) bytes[9] = checksumOf(bytes);
  return readDmar(bytes);
}

const damageOf = ({ damage }: DmarReading): readonly string[] =>
  damage.map(({ at, what }) => `${at.toString(16)}: ${what}`);
const readersOf = ({ damage }: DmarReading): readonly string[] =>
  damage.flatMap(({ who }) => Object.keys(who));
const typesOf = ({ table }: DmarReading): readonly string[] =>
  table.structures.map(({ type }) => type);

describe("a damaged table", () => {
  test("[AC15] with bytes behind its end is read up to its end", () => {
    const longer = new Uint8Array(good.length + 32);
    longer.set(good);
    const reading = readDmar(longer);
    const what = "the table's length 88 is less than the 120 bytes that are there; the rest is";
    expect(damageOf(reading)).toEqual([`4: ${what} 0`]);
    expect(reading).toMatchObject({ byteCount: 88, table: { structures: [unit, ports] } });
    expect(reading.checksum).toEqual({ is: good[9], right: good[9] });
    longer[119] = 1;
    expect(damageOf(readDmar(longer))).toEqual([`4: ${what} not all 0`]);
  });

  test("[AC15] with a wrong checksum is read, and the right one is said", () => {
    const reading = reread({ 9: 0x11 });
    const right = good[9] ?? 0;
    const what = `9: the checksum is 0x11, but 0x${right.toString(16)} makes the sum 0`;
    expect([damageOf(reading), readersOf(reading)]).toEqual([[what], ["Linux"]]);
    expect(reading.checksum).toEqual({ is: 0x11, right });
    expect(typesOf(reading)).toEqual(["DRHD", "ATSR"]);
  });

  test("[AC15] that is cut is read as far as it goes, and nobody knows its checksum", () => {
    const reading = readDmar(good.subarray(0, 0x4a));
    expect(damageOf(reading)).toEqual([
      "4: the table's length 88 is more than the 74 bytes that are there",
      "32: the length 32 of a structure of type 0 reaches past the end of the table",
      "48: a device scope is cut short: 2 bytes are left",
    ]);
    expect([readersOf(reading), reading.checksum.right]).toEqual([[], undefined]);
    expect(reading.table.structures).toEqual([{ ...unit, scopes: [scope] }]);
    expect(reading.places).toEqual([{ at: 48, length: 26, scopes: [{ at: 64, length: 8 }] }]);
  });

  test("[AC15] whose own length is less than its header has all bytes that are there", () => {
    const reading = reread({ 4: 20 });
    expect(damageOf(reading)).toEqual(["4: the table's length 20 is less than 48"]);
    expect([typesOf(reading), reading.byteCount]).toEqual([["DRHD", "ATSR"], 88]);
  });

  test("[AC15] whose structure reaches past its end has what is there of it", () => {
    const reading = reread({ 82: 20 });
    expect(damageOf(reading)).toEqual([
      "52: the length 20 of a structure of type 2 reaches past the end of the table",
    ]);
    expect(readersOf(reading)).toEqual(["Linux"]);
    expect(reading.table.structures[1]).toEqual(ports);
  });

  test("[AC15] whose structure is too short for its fields goes on behind it", () => {
    const reading = reread({ 50: 8, 56: 9, 57: 0, 58: 24, 59: 0 });
    expect(damageOf(reading)).toEqual([
      "32: the length 8 of a structure of type 0 is less than 16",
    ]);
    expect(reading.table.structures).toMatchObject([
      { type: "raw", code: 0, bytes: Uint8Array.of(1, 0, 0, 0) },
      { type: "raw", code: 9 },
      { type: "ATSR" },
    ]);
  });

  test.each([
    [0, ["Linux", "Xen"]],
    [3, ["Xen"]],
  ])("[AC15] whose structure has the length %i ends there", (length, readers) => {
    const reading = reread({ 82: length });
    expect(damageOf(reading)).toEqual([
      `52: the length ${length} of a structure of type 2 is less than 8`,
    ]);
    expect([typesOf(reading), readersOf(reading)]).toEqual([["DRHD"], readers]);
  });

  test.each<readonly [string, number, string, number, readonly string[]]>([
    ["nothing", 0, "length 0 is less than 8", 0, ["Linux", "Xen"]],
    ["no path", 6, "length 6 is less than 8", 0, ["Xen"]],
    ["half a step", 9, "length 9 is odd", 1, []],
    ["too much", 40, "length 40 reaches past the end of its structure", 1, []],
  ])("[AC15] whose device scope has %s", (_, length, said, count, readers) => {
    const reading = reread({ 65: length });
    const [first] = reading.damage;
    expect(first).toMatchObject({ at: 0x41, what: `device scope ${said}` });
    expect(Object.keys(first?.who ?? {})).toEqual(readers);
    const [found, next] = reading.table.structures;
    expect(found !== undefined && "scopes" in found && found.scopes.length).toBe(count);
    expect(next).toEqual(ports);
  });

  test("[AC15] whose name nothing ends has its letters", () => {
    const named = tableOf({ type: "ANDD", deviceNumber: 1, name: "\\_SB" });
    const reading = reread({ [named.length - 1]: 0x41 }, named);
    expect(damageOf(reading)).toEqual(["3c: no zero byte ends the name"]);
    expect(reading.table.structures).toMatchObject([{ name: "\\_SBA" }]);
  });

  test("[AC15] that Xen has hidden is read; any other signature is no DMAR", () => {
    const hidden = reread({ 0: 0x52, 1: 0x4d, 2: 0x41, 3: 0x44 });
    expect(hidden).toMatchObject({
      isHidden: true,
      damage: [],
      table: { structures: [unit, ports] },
    });
    expect(remarksOn(hidden)).toMatchObject([{ at: 0, who: { Xen: expect.any(String) } }]);
    expect(() => reread({ 0: 0x45 })).toThrow('byte 0x0: the signature is "EMAR", not "DMAR"');
    expect(() => readDmar(good.subarray(0, 47))).toThrow("byte 0x2f: the header ends before");
  });
});

describe("any bytes", () => {
  /** Reads, or tells why not; checks that places lie in the table, in order. */
  function survives(bytes: Uint8Array): boolean {
    let reading: DmarReading;
    try {
      reading = readDmar(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(AcpiError);
      return false;
    }
    let next = 48;
    for (const { at, length, scopes } of reading.places) {
      expect([at, length >= 4]).toEqual([next, true]);
      next = at + length;
      for (const one of scopes) expect(one.at + one.length).toBeLessThanOrEqual(next);
    }
    expect(next).toBeLessThanOrEqual(reading.byteCount);
    for (const { at } of [...reading.damage, ...remarksOn(reading)]) {
      expect(at).toBeLessThanOrEqual(bytes.length);
    }
    return true;
  }

  test("[AC5] behind the signature are read, and remarked on, to an end", () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const property = fc.property(anyDmar, edits, fc.nat(), (table, all, cut) => {
      const bytes = buildDmar(table);
      for (const [at, value] of all) bytes[at % bytes.length] = value;
      survives(bytes);
      survives(bytes.subarray(0, cut % (bytes.length + 1)));
    });
    fc.assert(property, { seed: 5, numRuns: 1000 });
    let read = 0;
    const noise = fc.property(fc.uint8Array({ minLength: 44, maxLength: 200 }), (tail) => {
      if (survives(Uint8Array.of(0x44, 0x4d, 0x41, 0x52, ...tail))) read += 1;
    });
    fc.assert(noise, { seed: 6, numRuns: 1000 });
    expect(read).toBe(1000);
  });

  test("[AC20] what is read of a cut table builds a whole one", () => {
    const property = fc.property(anyDmar, fc.nat(), (table: Dmar, cut) => {
      const bytes = buildDmar(table);
      const part = bytes.subarray(0, 48 + (cut % (bytes.length - 47)));
      const known = readDmar(part).table;
      const structures = known.structures.filter(({ type }) => type !== "raw");
      const again = readDmar(buildDmar({ ...known, structures }));
      expect([again.damage, again.table.structures]).toEqual([[], structures]);
    });
    fc.assert(property, { seed: 7, numRuns: 500 });
  });
});
