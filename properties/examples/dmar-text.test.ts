import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { TextTable } from "../../events/acpi/table-text.ts";
import { tablesOfText } from "../../events/acpi/table-text.ts";
import { anyDmar } from "../arbitrary/dmar.ts";
import { endpoint, region, tableOf, unit } from "./dmar-table.ts";
import { acpidumpOf, hexdumpOf, rawDataOf, xxdOf } from "./dmar-text.ts";

const table = tableOf([unit({ scopes: [endpoint(2)] }), region(0xbdc0_0000n, 0xbfff_ffffn)]);
/** Another table: a header and eight bytes. */
const other = new Uint8Array(44).fill(0x41, 0, 36);
other.set([0x46, 0x41, 0x43, 0x50, 44, 0, 0, 0]);

const only = (lines: readonly string[]): TextTable => {
  const [found, ...more] = tablesOfText(lines);
  if (found === undefined || more.length > 0) throw new Error(`${more.length} tables more`);
  return found;
};
const doubtsOf = (lines: readonly string[]): readonly string[] =>
  only(lines).doubts.map(({ line, what }) => `${line}: ${what}`);

describe("a dump", () => {
  const forms = {
    acpidump: (bytes: Uint8Array) => acpidumpOf("DMAR", bytes),
    iasl: rawDataOf,
    hexdump: hexdumpOf,
    xxd: xxdOf,
  };

  test.each(Object.entries(forms))("[AC16] of %s is the table", (_, form) => {
    expect(only(form(table))).toMatchObject({ bytes: table, form: "hexadecimal dump", doubts: [] });
    const same = fc.property(anyDmar, (config) => {
      const bytes = buildDmar(config);
      expect(only(form(bytes))).toMatchObject({ bytes, doubts: [] });
    });
    fc.assert(same, { seed: 1, numRuns: 100 });
  });

  test("[AC16] may have others and noise around it", () => {
    const [dmar, fadt] = [acpidumpOf("DMAR", table), acpidumpOf("FACP", other)];
    const noise = ["$ sudo acpidump", "[    0.01] dead: beef", "0000: not a dump", "1234 56"];
    const found = tablesOfText([...noise, ...fadt, ...dmar, ...noise, ...fadt]);
    expect(found.map(({ signature }) => signature)).toEqual(["FACP", "DMAR", "FACP"]);
    expect(found.map(({ bytes }) => bytes)).toEqual([other, table, other]);
    const first = noise.length + fadt.length + 2;
    expect(found[1]?.lines).toEqual([first, first + Math.ceil(table.length / 16) - 1]);
    expect(found.flatMap(({ doubts }) => doubts)).toEqual([]);
    expect(tablesOfText(noise)).toEqual([]);
  });

  test("[AC16] that lacks a line is read up to it; a line that says otherwise is told", () => {
    const lines = acpidumpOf("DMAR", table);
    const gap = lines.toSpliced(4, 1);
    expect(doubtsOf(gap)).toEqual(["5: bytes 0x30 to 0x3f are missing; what follows is not read"]);
    expect(only(gap).bytes).toEqual(table.subarray(0, 0x30));
    expect(doubtsOf(lines.toSpliced(4, 0, lines[2] ?? ""))).toEqual([]);
    const twice = lines.toSpliced(4, 0, (lines[2] ?? "").replace("10: ", "10: FF "));
    expect(doubtsOf(twice)).toEqual(["5: 0x10 stands here once more, with other bytes; passed by"]);
    expect(only(twice).bytes).toEqual(table);
  });

  test("[AC16] has lines left out that are like the one before", () => {
    const zeros = tableOf([{ type: "raw", code: 9, bytes: new Uint8Array(100) }]);
    const lines = hexdumpOf(zeros);
    expect([lines.includes("*"), only(lines).bytes]).toEqual([true, zeros]);
  });
});

const fields = [
  "/* Disassembly of dmar.dat */",
  '[000h 0000   4]                    Signature : "DMAR"    [DMA Remapping table]',
  "[004h 0004   4]                 Table Length : 0000005C",
  "[008h 0008   1]                     Revision : 01",
  "[009h 0009   1]                     Checksum : 55",
  '[00Ah 0010   6]                       Oem ID : "OEMXX "',
  '[010h 0016   8]                 Oem Table ID : "OEMTABLE"',
  "[018h 0024   4]                 Oem Revision : 00000001",
  '[01Ch 0028   4]              Asl Compiler ID : "OEM "',
  "[020h 0032   4]        Asl Compiler Revision : 20130517",
  "",
  "[024h 0036   1]           Host Address Width : 26",
  "[025h 0037   1]                        Flags : 01",
  "[026h 0038  10]                     Reserved : 00 00 00 00 00 00 00 00 00 07",
  "",
  "[030h 0048   2]                Subtable Type : 0000 [Hardware Unit Definition]",
  "[032h 0050   2]                       Length : 0018",
  "",
  "[034h 0052   1]                        Flags : 01",
  "[035h 0053   1]         Size (decoded below) : 03",
  "                          Size (pages, log2) : 3",
  "[036h 0054   2]           PCI Segment Number : 0002",
  "[038h 0056   8]        Register Base Address : 00000000FED91000",
  "",
  "[040h 0064   1]            Device Scope Type : 05 [Namespace Device]",
  "[041h 0065   1]                 Entry Length : 08",
  "[042h 0066   2]                     Reserved : 0000",
  "[044h 0068   1]               Enumeration ID : 02",
  "[045h 0069   1]               PCI Bus Number : 80",
  "",
  "[046h 0070   2]                     PCI Path : 1F,07",
  "",
  "[048h 0072   2]                Subtable Type : 0004 [ACPI Namespace Device Declaration]",
  "[04Ah 0074   2]                       Length : 0014",
  "",
  "[04Ch 0076   3]                     Reserved : 030201",
  "[04Fh 0079   1]                Device Number : 02",
  '[050h 0080   6]                  Device Name : "\\_SB1"',
];
const told = Buffer.from(
  `444d41525c000000 0155 4f454d585820 4f454d5441424c45 01000000 4f454d20 17051320
   26 01 00000000000000000007
   0000 1800 01 03 0200 0010d9fe00000000  05 08 0000 02 80 1f07
   0400 1400 010203 02 5c5f53423100 000000000000`.replaceAll(/\s/g, ""),
  "hex",
);

describe("a disassembly", () => {
  test("[AC17] is read field by field, up to the table's own length", () => {
    expect(only(fields)).toMatchObject({ form: "disassembly", lines: [2, 38], doubts: [] });
    expect(Buffer.from(only(fields).bytes)).toEqual(told);
    const newer = fields.map((line) =>
      line.replace(/ +(\d+)\]/, (_, size: string) => ` ${Number(size).toString(16)}h]`),
    );
    expect(Buffer.from(only(newer).bytes)).toEqual(told);
  });

  test("[AC17] of a template has sizes alone", () => {
    const template = fields.map((line) =>
      line.replace(/^\[\w+ \d+ +(\d+)\]/, (_, size: string) => `[${size.padStart(4, "0")}]`),
    );
    expect(Buffer.from(only(template).bytes)).toEqual(told);
  });

  test("[AC17] with raw data below is what the raw data says", () => {
    const both = [...fields, "", ...rawDataOf(told)];
    expect(only(both)).toMatchObject({ bytes: new Uint8Array(told), doubts: [] });
    const edited = both.map((line) => line.replace(/(Width) : 26/, "$1 : 2E"));
    expect(doubtsOf(edited)).toEqual([
      '12: "Host Address Width" is not what the raw data has at 0x24; the raw data counts',
    ]);
    expect(Buffer.from(only(edited).bytes)).toEqual(told);
  });

  test("[AC17] ends at a type that the disassembler does not know, without raw data", () => {
    const old = fields.map((line) => line.replace("0004 [ACPI Namespace", "0005 [Unknown"));
    expect(Buffer.from(only(old).bytes)).toEqual(told.subarray(0, 0x48));
    const both = [...old, ...rawDataOf(told)];
    expect(only(both)).toMatchObject({ bytes: new Uint8Array(told), doubts: [] });
  });

  test("[AC17] stands beside dumps of other tables, and other disassemblies", () => {
    const text = [...acpidumpOf("FACP", other), ...fields, ...acpidumpOf("FACP", other), ...fields];
    const found = tablesOfText(text);
    expect(found.map(({ signature }) => signature)).toEqual(["FACP", "DMAR", "FACP", "DMAR"]);
    expect(found.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      [other, told, other, told].map((bytes) => Buffer.from(bytes)),
    );
  });

  test("[AC17] in which a field does not fit is read without it", () => {
    const broken = fields.map((line) => line.replace(": 0002", ": 00000002"));
    expect(only(broken).bytes[0x36]).toBe(0);
    const far = [...fields, "[fffffffh 0 4] Reserved : 00000000"];
    expect(only(far).bytes.length).toBe(told.length);
  });
});

test("[AC16] any text is read to an end", () => {
  const piece = fc.constantFrom("0000: ", "[000h 0 4]", "44 4D ", "*", "\n", "Signature : ", "|");
  const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 8 })), { maxLength: 60 });
  const property = fc.property(text, (parts) => {
    for (const { bytes, signature } of tablesOfText(parts.join("").split("\n"))) {
      expect([bytes.length >= 16, signature.length]).toEqual([true, 4]);
    }
  });
  fc.assert(property, { seed: 2, numRuns: 2000 });
});
