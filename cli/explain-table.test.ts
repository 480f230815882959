import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { endpoint, tableOf, unit } from "../properties/examples/dmar-table.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("explain-table", afterAll);

interface Told {
  readonly kind: string;
  readonly title: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly hints: readonly string[];
}

interface Explained {
  readonly findings: readonly Told[];
}

/** What is explained of a file, as `--json` prints it, with the exit code. */
async function explained(
  name: string,
  content: string | Uint8Array,
): Promise<Explained & { readonly code: number; readonly err: string }> {
  const { code, out, err } = await captureRun("explain", fileOf(name, content), "--json");
  return { ...(JSON.parse(out) as Explained), code, err };
}

const fault =
  "DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault addr 0x10a004000 [fault reason 0x06]";

describe("a DMAR table", () => {
  const table = tableOf([
    unit({ includePciAll: true }),
    { type: "RMRR", segment: 0, base: 0xbdc0_0000n, end: 0xbfff_ffffn, scopes: [endpoint(2)] },
    { type: "SIDP", segment: 2, scopes: [endpoint(3, { flags: ["atcRequired"] })] },
    { type: "ANDD", deviceNumber: 2, name: "\\_SB.PCI0.I2C0" },
  ]);
  const facts = {
    "host address width": "39",
    flags: "INTR_REMAP",
    "1. DRHD": "registers at 0xfed91000, all other devices",
    "2. RMRR": "0xbdc00000 to 0xbfffffff; endpoint 00:02.0",
    "3. SIDP": "segment 2, properties; endpoint 00:03.0, ATC required",
    "4. ANDD": "device 2: \\_SB.PCI0.I2C0",
  };

  test("[PA7] is explained as a file, compressed or not, and between other lines", async () => {
    const binary = await explained("dmar.dat", table);
    const packed = await explained("dmar.dat.gz", gzipSync(table));
    const rows = Array.from({ length: Math.ceil(table.length / 16) }, (_, row) => {
      const bytes = [...table.slice(16 * row, 16 * row + 16)];
      const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return `    ${(16 * row).toString(16).padStart(4, "0")}: ${digits}`;
    });
    const text = ["usb 1-1: new device", "DMAR @ 0x0000000000000000", ...rows, "", fault].join(
      "\n",
    );
    const between = await explained("between.txt", text);
    expect(binary.findings.map((one) => one.facts)).toEqual([facts]);
    expect(packed.findings).toEqual(binary.findings);
    expect(between.findings.map(({ kind }) => kind)).toEqual(["fault", "ACPI table"]);
    expect(between.findings[1]?.facts).toEqual(facts);
  });

  test("[PA7] that is damaged is shown as far as it goes, with what is wrong", async () => {
    const { code, findings } = await explained("cut.dat", table.slice(0, -6));
    expect([code, findings[0]?.title]).toEqual([0, expect.stringContaining("damaged")]);
    expect(findings[0]?.facts).toMatchObject({ "1. DRHD": facts["1. DRHD"] });
    expect(findings[0]?.hints.join()).toContain("is more than the");
  });

  const hasIasl = spawnSync("iasl", ["-v"]).status === 0;
  test.runIf(hasIasl)("[PA7] is told as ACPICA's disassembler tells it", async () => {
    writeFileSync(join(folder, "table.dat"), table);
    spawnSync("iasl", ["-d", join(folder, "table.dat")]);
    const text = readFileSync(join(folder, "table.dsl"), "latin1");
    const { findings } = await explained("table.txt", text);
    expect(findings.map((one) => one.facts)).toEqual([facts]);
    for (const [label, digits] of [
      ["Register Base Address", "FED91000"],
      ["Base Address", "BDC00000"],
      ["End Address \\(limit\\)", "BFFFFFFF"],
    ] as const) {
      expect(text).toMatch(new RegExp(`${label} : 0*${digits}`));
    }
  });
});
