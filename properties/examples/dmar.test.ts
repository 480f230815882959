import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AcpiError } from "../../events/acpi/acpi-error.ts";
import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { Dmar, Structure } from "../../events/acpi/dmar.ts";
import { dmarFromJson, dmarToJson } from "../../events/acpi/dmar.ts";
import { checksumOf, readDmar } from "../../events/acpi/read-dmar.ts";
import { anyDmar } from "../arbitrary/dmar.ts";

const fixture = new Uint8Array(
  readFileSync(fileURLToPath(new URL("../../recordings/acpi/qemu-q35.aml", import.meta.url))),
);

/** A changed copy of a table, with a checksum that is right again unless byte 9 was changed. */
function changed(
  changes: Readonly<Record<number, number>>,
  from: Uint8Array = fixture,
): Uint8Array {
  const bytes = Uint8Array.from(from);
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  if (changes[9] === undefined) bytes[9] = checksumOf(bytes);
  return bytes;
}

/** A table that is whole. @throws AcpiError that tells what is damaged first. */
function wholeDmar(bytes: Uint8Array): Dmar {
  const { table, damage, isHidden } = readDmar(bytes);
  for (const { at, what } of damage) throw new AcpiError(at, what);
  if (isHidden) throw new AcpiError(0, "hidden");
  return table;
}

const errorOf = (bytes: Uint8Array): string => {
  try {
    wholeDmar(bytes);
  } catch (error) {
    if (error instanceof AcpiError) return error.message;
    throw error;
  }
  return "no error";
};

const plain: Dmar = {
  hostAddressWidth: 39,
  ...{ intrRemap: true, x2apicOptOut: false, dmaOptIn: false },
  structures: [],
};

describe("round trips", () => {
  test("[AC1] any table that can be read is built again byte for byte", () => {
    const same = fc.property(anyDmar, (table) => {
      const bytes = buildDmar(table);
      expect(buildDmar(wholeDmar(bytes))).toEqual(bytes);
      expect(bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    });
    fc.assert(same, { seed: 1, numRuns: 500 });
  });

  test("[AC2] a configuration comes back from the table, and from JSON", () => {
    const same = fc.property(anyDmar, (table) => {
      expect(wholeDmar(buildDmar(table))).toEqual(table);
      const json: unknown = JSON.parse(JSON.stringify(dmarToJson(table)));
      expect(dmarFromJson(json)).toEqual(table);
    });
    fc.assert(same, { seed: 2, numRuns: 500 });
  });

  test("[AC3] reserved bits and unknown structures are kept as they are", () => {
    const unknown: Structure = { type: "raw", code: 9, bytes: Uint8Array.of(1, 2, 3) };
    const odd: Structure = {
      type: "ATSR",
      allPorts: true,
      segment: 0,
      reserved: 1n << 33n,
      scopes: [],
    };
    const bytes = buildDmar({ ...plain, reserved: 1n << 95n, structures: [unknown, odd] });
    expect([...bytes.subarray(47)]).toEqual([0x80, 9, 0, 7, 0, 1, 2, 3, 2, 0, 8, 0, 3, 0, 0, 0]);
    expect(wholeDmar(bytes)).toMatchObject({ reserved: 1n << 95n, structures: [unknown, odd] });
  });

  test("[AC7] a table that QEMU made is built again byte for byte", () => {
    const table = wholeDmar(fixture);
    expect(buildDmar(table)).toEqual(fixture);
    expect(table).toMatchObject({ hostAddressWidth: 48, intrRemap: true, oemId: "BOCHS " });
    expect(table.structures.map(({ type }) => type)).toEqual(["DRHD", "ATSR"]);
  });
});

/** The fixture's unit begins at 30h, its first scope at 40h, its ATSR at 78h. */
const wrongs: readonly (readonly [string, Readonly<Record<number, number>>, string])[] = [
  ["signature", { 0: 0x58 }, 'byte 0x0: the signature is "XMAR", not "DMAR"'],
  ["checksum", { 9: 0 }, "byte 0x9: the checksum is 0x0, but 0xf0 makes the sum 0"],
  ["table length", { 4: 47 }, "byte 0x4: the table's length 47 is less than 48"],
  [
    "file, short",
    { 4: 129 },
    "byte 0x4: the table's length 129 is more than the 128 bytes that are there",
  ],
  [
    "file, long",
    { 4: 127 },
    "byte 0x4: the table's length 127 is less than the 128 bytes that are there; the rest is 0",
  ],
  ["no length", { 50: 0 }, "byte 0x32: the length 0 of a structure of type 0 is less than 16"],
  [
    "raw length",
    { 48: 9, 50: 3 },
    "byte 0x32: the length 3 of a structure of type 9 is less than 4",
  ],
  [
    "long",
    { 122: 9 },
    "byte 0x7a: the length 9 of a structure of type 2 reaches past the end of the table",
  ],
  ["scope length", { 65: 0 }, "byte 0x41: device scope length 0 is less than 8"],
  ["odd scope", { 65: 9 }, "byte 0x41: device scope length 9 is odd"],
  [
    "long scope",
    { 113: 10 },
    "byte 0x71: device scope length 10 reaches past the end of its structure",
  ],
  ["cut scope", { 50: 18 }, "byte 0x40: a device scope is cut short: 2 bytes are left"],
];

describe("errors", () => {
  test.each(wrongs)("[AC4] wrong %s", (_, changes, text) => {
    expect(errorOf(changed(changes))).toBe(text);
  });

  test("[AC4] a table cut anywhere is an error in one line", () => {
    for (let count = 0; count < fixture.length; count++) {
      expect(errorOf(fixture.slice(0, count))).toMatch(/^byte 0x[0-9a-f]+: [^\n]+$/);
    }
  });

  test("[AC4] a name that nothing ends, and a structure cut short", () => {
    const structure: Structure = { type: "ANDD", deviceNumber: 1, name: "\\_SB" };
    const bytes = buildDmar({ ...plain, structures: [structure] });
    const last = bytes.length - 1;
    expect(errorOf(changed({ [last]: 0x41 }, bytes))).toBe("byte 0x3c: no zero byte ends the name");
    const tail: Structure = { type: "raw", code: 9, bytes: new Uint8Array(4) };
    const cut = changed({ 50: 5 }, buildDmar({ ...plain, structures: [tail] }));
    expect(errorOf(cut)).toBe("byte 0x35: a structure is cut short: 3 bytes are left");
  });

  test("[AC5] no change of bytes makes the reader throw anything else", () => {
    let good = 0;
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const survive = fc.property(anyDmar, edits, fc.boolean(), (table, all, repaired) => {
      const bytes = buildDmar(table);
      for (const [at, value] of all) bytes[at % bytes.length] = value;
      if (repaired) bytes[9] = checksumOf(bytes);
      if (errorOf(bytes) !== "no error") return;
      good += 1;
      expect(buildDmar(wholeDmar(bytes))).toEqual(bytes);
    });
    fc.assert(survive, { seed: 3, numRuns: 2000 });
    expect(good).toBeGreaterThan(200);
    const noise = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void errorOf(bytes));
    fc.assert(noise, { seed: 4, numRuns: 1000 });
  });
});
