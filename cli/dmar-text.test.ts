import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { buildDmar } from "../events/acpi/build-dmar.ts";
import { fieldLine } from "../events/acpi/disassembly-line.ts";
import type { Scope, Structure } from "../events/acpi/dmar.ts";
import { readDmar } from "../events/acpi/read-dmar.ts";
import { tablesOfText } from "../events/acpi/table-text.ts";
import { anyDmar } from "../properties/arbitrary/dmar.ts";
import { region, tableOf, unit } from "../properties/examples/dmar-table.ts";
import { acpidumpOf, rawDataOf } from "../properties/examples/dmar-text.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("dmar-text", afterAll);
const all = unit({ includePciAll: true });

async function shown(content: string | Uint8Array, ...words: readonly string[]) {
  const { code, out, err } = await run("dmar", "show", fileOf("table", content), ...words);
  expect(err).toBe("");
  return { code, out };
}
async function shownJson(content: string | Uint8Array): Promise<Record<string, unknown>> {
  const { out } = await shown(content, "--json");
  return Object(JSON.parse(out)) as Record<string, unknown>;
}

describe("a text", () => {
  const table = tableOf([all, region(0xbdc0_0000n, 0xbfff_ffffn)]);
  const dump = acpidumpOf("DMAR", table);

  test("[AC16] of acpidump is read, and what else is there is said", async () => {
    expect((await shown(dump.join("\r\n"))).out).toMatch(
      /^From +a hexadecimal dump, lines 2 to 7$/m,
    );
    const facp = new Uint8Array(44).fill(1, 8);
    facp.set([0x46, 0x41, 0x43, 0x50, 44]);
    const text = [...acpidumpOf("FACP", facp), ...dump, ...acpidumpOf("APIC", facp)].join("\n");
    const { code, out } = await shown(text);
    expect(code).toBe(0);
    expect(out).toMatch(/^From +a hexadecimal dump, lines 7 to 12; also there: FACP, FACP$/m);
    expect(out).toMatch(/^0x40 +RMRR +32 +segment 0, 0xbdc00000 to 0xbfffffff$/m);
    expect(await shownJson(text)).toMatchObject({
      source: { form: "hexadecimal dump", lines: [7, 12], others: ["FACP", "FACP"] },
    });
  });

  test("[AC16] of Xen's first guest has another signature", async () => {
    const hidden = Uint8Array.from(table);
    hidden.set([0x52, 0x4d, 0x41, 0x44]);
    const { code, out } = await shown(acpidumpOf("RMAD", hidden).join("\n"));
    expect([code, out]).toEqual([0, expect.stringMatching(/^0x0 +the signature is "RMAD" +Xen/m)]);
  });

  test("[AC16] may be wide, marked or gzipped", async () => {
    const text = dump.join("\n");
    const wide = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const bytes of [wide, Buffer.from(wide).swap16(), `\ufeff${text}`, gzipSync(text)]) {
      expect((await shown(bytes)).out).toContain("lines 2 to 7");
    }
  });

  test("[AC16] with a gap is warned of by line, and is no whole table", async () => {
    const { code, out } = await shown(dump.toSpliced(4, 1).join("\n"));
    expect([code, out]).toEqual([1, expect.stringMatching(/^line 5 +bytes 0x30 to 0x3f are mis/m)]);
    const twice = dump.toSpliced(4, 0, (dump[2] ?? "").replace("10: ", "10: FF "));
    const doubtful = await shown(twice.join("\n"));
    expect(doubtful.code).toBe(1);
    expect(doubtful.out).toMatch(/^line 5 +0x10 stands here once more, with other bytes/m);
    const file = fileOf("gap", dump.toSpliced(3, 1).join("\n"));
    const { code: none, err } = await run("dmar", "show", file);
    const what = "bytes 0x20 to 0x2f are missing; what follows is not read";
    expect([none, err]).toEqual([2, `${file}:4: ${what}\n`]);
  });

  test("[AC17] of a disassembly builds the same table again", async () => {
    const field = '[000h 0000   4]                    Signature : "DMAR"    [DMA Remapping table]';
    const json = await shownJson([field, "", ...rawDataOf(table)].join("\n"));
    expect(json).toMatchObject({ source: { form: "disassembly", lines: [1, 10], others: [] } });
    await run("dmar", "build", fileOf("same.json", JSON.stringify(json)), join(folder, "same"));
    expect(new Uint8Array(readFileSync(join(folder, "same")))).toEqual(table);
  });
});

const hasIasl = spawnSync("iasl", ["-v"]).status === 0;

/** What ACPICA's disassembler prints of a table. */
function disassembly(bytes: Uint8Array): readonly string[] {
  writeFileSync(join(folder, "iasl.dat"), bytes);
  spawnSync("iasl", ["-d", join(folder, "iasl.dat")]);
  return readFileSync(join(folder, "iasl.dsl"), "latin1").split("\n");
}

/** Fields of ours by the names that they are printed under. */
function fieldsOf(structure: Structure): Readonly<Record<string, bigint | number | undefined>> {
  const of = structure as unknown as Readonly<Record<string, bigint | number>>;
  const names = { "PCI Segment Number": "segment", "Proximity Domain": "proximityDomain" };
  const base = structure.type === "DRHD" ? "Register Base Address" : "Base Address";
  return {
    ...Object.fromEntries(Object.entries(names).map(([name, field]) => [name, of[field]])),
    ...{ [base]: of["base"], "End Address (limit)": of["end"] },
    "Device Number": of["deviceNumber"],
  };
}

const scopeFieldsOf = ({ type, bus, enumerationId, path }: Scope) => ({
  ...{ "Device Scope Type": type, "Enumeration ID": enumerationId, "PCI Bus Number": bus },
  "PCI Path": path[0] && path[0].device + 256 * path[0].function,
});

/** What iasl prints of a table, and what we read, at the same place under the same name. */
function compare(bytes: Uint8Array): { readonly compared: number; readonly bad: string[] } {
  const { table, places } = readDmar(bytes);
  const ours = new Map<string, bigint>();
  const add = (from: number, end: number, values: object): void => {
    for (const [name, value] of Object.entries(values)) {
      for (let at = from; value !== undefined && at < end; at++)
        ours.set(`${at} ${name}`, BigInt(value));
    }
  };
  for (const [index, { at, length, scopes }] of places.entries()) {
    const structure = table.structures[index];
    if (structure === undefined) continue;
    const first = scopes[0]?.at ?? at + length;
    add(at, first, fieldsOf(structure));
    if (!("scopes" in structure)) continue;
    for (const [number, scope] of structure.scopes.entries()) {
      const place = scopes[number];
      if (place !== undefined) add(place.at, place.at + 8, scopeFieldsOf(scope));
    }
  }
  let compared = 0;
  const bad: string[] = [];
  for (const line of disassembly(bytes)) {
    const field = fieldLine(line);
    const value = field && ours.get(`${field.at} ${field.name}`);
    if (field === undefined || value === undefined) continue;
    compared += 1;
    const theirs = field.bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (theirs !== value) bad.push(`${line.trim()}, not ${value}`);
  }
  return { compared, bad };
}

describe.skipIf(!hasIasl)("ACPICA's disassembler", () => {
  test("[AC19] prints the fields that are read, where it knows the structure", () => {
    let sum = 0;
    const rank = ({ type }: Structure): number => ["SATC", "SIDP", "raw"].indexOf(type);
    const property = fc.property(anyDmar, (config) => {
      // An older disassembler stops at what it does not know: that comes last.
      const structures = config.structures.toSorted((a, b) => rank(a) - rank(b));
      const { compared, bad } = compare(buildDmar({ ...config, structures }));
      expect(bad).toEqual([]);
      sum += compared;
    });
    fc.assert(property, { seed: 1, numRuns: 25 });
    expect(sum).toBeGreaterThan(200);
  });

  test("[AC19] ends names where they are ended here", () => {
    const device: Structure = { type: "ANDD", deviceNumber: 2, name: "\\_SB.PCI0.SDHC" };
    for (const rest of [new Uint8Array(5), Uint8Array.of(0x41, 0)]) {
      const text = disassembly(tableOf([all, { ...device, rest }])).join("\n");
      expect(text).toContain('Device Name : "\\_SB.PCI0.SDHC"\n');
    }
  });

  test("[AC17] is read again, whatever it knows", () => {
    const property = fc.property(anyDmar, (config) => {
      const bytes = buildDmar(config);
      const [table] = tablesOfText(disassembly(bytes));
      expect(table).toMatchObject({ bytes, doubts: [] });
    });
    fc.assert(property, { seed: 2, numRuns: 25 });
  });
});
