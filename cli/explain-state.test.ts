import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("explain-state", afterAll);

const head = "B.D.F\tRoot_entry\t\t\t\tContext_entry\t\t\t\tPASID\tPASID_table_entry";
const pageHead = "IOVA_PFN\t\tPML5E\t\t\tPML4E\t\t\tPDPE\t\t\tPDE\t\t\tPTE";
const word = (value: number | bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
const words = (...values: readonly (number | bigint)[]): string => values.map(word).join(":");
const pageRow = (frame: number, ...entries: readonly number[]): string =>
  [`0x${frame.toString(16).padStart(13, "0")} |`, ...entries.map(word)].join("\t");

/** Two units: dmar1 in legacy mode with the pages of its device, dmar0 in scalable mode. */
const dump = [
  "IOMMU dmar1: Root Table Address: 0x103027000",
  head,
  `00:02.0\t${words(0, 0x10303e001)}\t${words(0x102, 0x1017f8005)}\t-1\t${words(0, 0, 0)}`,
  "",
  "IOMMU dmar0: Root Table Address: 0x103028000",
  head,
  `00:1a.0\t${words(0x1038a9001, 0)}\t${words(0, 0x103220e1d)}\t0\t${words(0, 2, 0x1038a5089)}`,
  `00:1a.0\t${words(0x1038a9001, 0)}\t${words(0, 0x103220e1d)}\t3\t${words(0x10c112020, 3, 0x49)}`,
  "Device 0000:00:02.0 @0x1017f8000",
  pageHead,
  pageRow(0x8d800, 0, 0x1017f9003, 0x1017fa003, 0x1017fb003, 0x8d800003),
  pageRow(0x8d801, 0, 0x1017f9003, 0x1017fa003, 0x1017fb003, 0x8d801001),
  pageRow(0x200000, 0, 0x1017f9003, 0x1017fa003, 0x17fc00083, 0),
  "",
].join("\n");

async function stateOf(name: string, ...options: readonly string[]): Promise<string> {
  const out = join(folder, name);
  const words = ["explain", fileOf("dump.txt", dump), "--state", out, "--force", ...options];
  const ran = await captureRun(...words);
  expect([ran.code, ran.err]).toEqual([0, ""]);
  expect(ran.out).toContain(`is in ${out}, for translate and why`);
  return out;
}

const asked = (device: string, iova: string, ...more: readonly string[]) =>
  ["--device", device, "--iova", iova, ...more] as const;

describe("a state that a debugfs dump makes", () => {
  test("[PA8] answers translate and why where the dump has every entry", async () => {
    const state = await stateOf("legacy.ndjson");
    const mapped = await captureRun("translate", state, ...asked("00:02.0", "0x8d800123"));
    expect([mapped.code, mapped.out]).toEqual([0, expect.stringContaining("GPA 0x8d800123")]);
    const denied = await captureRun(
      ...["translate", state],
      ...asked("00:02.0", "0x8d801000", "--access", "write"),
    );
    expect([denied.code, denied.out]).toEqual([0, expect.stringContaining("fault 5h")]);
    const inLarge = await captureRun("translate", state, ...asked("00:02.0", "0x200123456"));
    expect(inLarge.out).toContain("GPA 0x17fd23456");
    const why = await captureRun("why", state, ...asked("00:02.0", "0x8d800123"));
    expect([why.code, why.out]).toEqual([0, expect.stringContaining("would land")]);
  });

  test("[PA8] says what the dump does not have: unknown, and exit code 3", async () => {
    const state = await stateOf("legacy.ndjson");
    for (const command of ["translate", "why"]) {
      const { code, out } = await captureRun(command, state, ...asked("00:02.0", "0x8d802000"));
      expect([command, code]).toEqual([command, 3]);
      expect(out).toMatch(/^level 1 +0x1017fb010 +unknown/m);
      expect(out).toContain("not decidable: the level 1 table entry at 0x1017fb010 is not in");
      expect(out).toContain("if the dump is whole, the page is not mapped");
      const json = await captureRun(
        ...[command, state, "--json"],
        ...asked("00:02.0", "0x8000000000"),
      );
      expect([command, json.code]).toEqual([command, 3]);
      expect(JSON.parse(json.out)).toMatchObject({
        guest: null,
        unknown: { table: "second stage", level: 4, address: "0x1017f8008" },
        steps: [{ table: "root" }, { table: "context" }],
      });
    }
  });

  test("[PA8] in scalable mode has what is missing chosen, and says so", async () => {
    const state = await stateOf("scalable.ndjson", "--unit", "dmar0");
    const setup = readFileSync(state, "utf8").split("\n", 1)[0] ?? "";
    expect(setup).toContain('"assumed":true');
    const { code, out } = await captureRun(
      ...["translate", state],
      ...asked("00:1a.0", "0x1000", "--pasid", "3"),
    );
    expect(code).toBe(3);
    expect(out).toContain("Not all of it is in the dump: context entry and PASID directory entry");
    expect(out).toMatch(/^PASID entry .*first stage 4 levels from 0x10c112000|0x10c112000/m);
    expect(out).toMatch(/^first stage 4 +0x10c112000 +unknown/m);
    for (const [pasid, table] of [
      ["4", "PASID entry"],
      ["1000", "PASID directory"],
    ] as const) {
      const other = await captureRun(
        ...["translate", state],
        ...asked("00:1a.0", "0x1000", "--pasid", pasid),
      );
      expect(other.out).toMatch(new RegExp(`^${table} .* unknown`, "m"));
    }
  });

  test("[PA8] is the one that the documentation shows", async () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const out = join(folder, "one-row.ndjson");
    await captureRun("explain", `${root}explain/pastes/debugfs-one-row.txt`, "--state", out);
    const written = readFileSync(`${root}docs/explain/one-row.ndjson`, "utf8");
    expect(readFileSync(out, "utf8")).toBe(written);
  });

  test("[PA8] of a unit with a write buffer the unit sees all that the dump shows", async () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const row = readFileSync(`${root}explain/pastes/debugfs-one-row.txt`, "utf8");
    const line = "DMAR: dmar0: reg_base_addr fed93000 ver 1:0 cap c9008020630272 ecap 1000\n";
    const out = join(folder, "buffered.ndjson");
    await captureRun("explain", fileOf("buffered.txt", line + row), "--state", out);
    expect(readFileSync(out, "utf8")).toContain('"cap":"0xc9008020630272"');
    const told = await captureRun("translate", out, ...asked("00:05.0", "0x1000"));
    expect(told.out).toContain("context table at 0x101001000");
    expect(told.out).not.toContain("write buffer");
  });

  test("[PA8] is of the unit that is named, and the others are told", async () => {
    const file = fileOf("dump.txt", dump);
    const wrong = await captureRun(
      "explain",
      file,
      "--state",
      join(folder, "x"),
      "--unit",
      "dmar9",
    );
    expect([wrong.code, wrong.out]).toEqual([2, ""]);
    expect(wrong.err).toContain("there is no unit dmar9 with rows; those are dmar1, dmar0");
    const { out } = await captureRun("explain", file, "--state", join(folder, "y"));
    expect(out).toContain("Left out: dmar0; --unit takes one of them.");
  });
});
