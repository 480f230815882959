import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { acpidumpOf } from "../properties/examples/dmar-text.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("dmar", afterAll);
afterEach(() => vi.restoreAllMocks());

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const fixture = inProject("recordings/acpi/qemu-q35.aml");
const out = join(folder, "out.aml");

/** The configuration that the documentation shows. */
const documented = /```json\n([^`]*)```/.exec(readFileSync(inProject("docs/dmar.md"), "utf8"))?.[1];
const config = fileOf("config.json", documented ?? "");

/** Another table: a header and nothing else. */
const facp = Uint8Array.from([0x46, 0x41, 0x43, 0x50, 36, 0, 0, 0, ...new Array(28).fill(1)]);

const hasIasl = spawnSync("iasl", ["-v"]).status === 0;

/** What ACPICA's disassembler has to complain about in a table. */
function complaints(table: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync("iasl", ["-d", table], { encoding: "utf8" });
  const text = readFileSync(table.replace(/\.aml$/, ".dsl"), "utf8");
  const lines = `${stdout}\n${stderr}\n${text}`.split("\n");
  const bad = lines.filter((line) => /warning|error|invalid|unknown|\*{4}/i.test(line));
  return status === 0 ? bad : [...bad, `exit code ${String(status)}`];
}

describe("dmar", () => {
  test("[AC10] the documented configuration is built, and shown as it was written", async () => {
    expect(await run("dmar", "build", config, out)).toEqual({ code: 0, out: "", err: "" });
    const shown = await run("dmar", "show", out, "--json");
    expect(JSON.parse(shown.out)).toMatchObject(JSON.parse(documented ?? ""));
  });

  test("[AC10] what is shown as JSON builds the same table, through pipes too", async () => {
    const { out: json } = await run("dmar", "show", fixture, "--json");
    await run("dmar", "build", fileOf("qemu.json", json), out, "--force");
    expect(readFileSync(out)).toEqual(readFileSync(fixture));
    const written: Uint8Array[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      written.push(Buffer.from(chunk));
      return true;
    });
    vi.spyOn(process, "stdin", "get").mockReturnValue(
      Readable.from([Buffer.from(json)]) as unknown as typeof process.stdin,
    );
    const { code } = await run("dmar", "build", "-", "-");
    vi.restoreAllMocks();
    expect([code, Buffer.concat(written)]).toEqual([0, readFileSync(fixture)]);
  });

  test("[AC11] structures and scopes are shown with their places", async () => {
    const { code, out: shown } = await run("dmar", "show", fixture);
    expect(code).toBe(0);
    expect(shown).toMatch(/Host address width +48\n/);
    expect(shown).toMatch(/Flags +INTR_REMAP\n/);
    expect(shown).toMatch(/^0x30 +DRHD +72 +segment 0, 1 x 4 KiB of registers at 0xfed90000$/m);
    expect(shown).toMatch(/^0x40 +scope +8 +ioapic ff:00\.0, id 0$/m);
    expect(shown).toMatch(/^0x78 +ATSR +8 +segment 0, all ports$/m);
  });

  test("[AC8] a recording's set-up becomes a table", async () => {
    const words = ["dmar", "build", "--force", "--log", recordingPath("linux-vfio-edu"), out];
    expect(await run(...words, "--x2apic-opt-out", "--ioapic", "7")).toMatchObject({ code: 0 });
    const { out: json } = await run("dmar", "show", out, "--json");
    expect(JSON.parse(json)).toMatchObject({
      ...{ hostAddressWidth: 48, intrRemap: true, x2apicOptOut: true },
      structures: [{ type: "DRHD", includePciAll: true, scopes: [{ enumerationId: 7 }] }],
    });
  });

  test.skipIf(!hasIasl)(
    "[AC9] ACPICA has nothing to say against tables that are built",
    async () => {
      const built = join(folder, "built.aml");
      await run("dmar", "build", config, built);
      expect(complaints(built)).toEqual([]);
      await run("dmar", "build", "--log", recordingPath("linux-vfio-edu"), built, "--force");
      expect(complaints(built)).toEqual([]);
    },
  );

  const bad: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["no JSON", "{", /bad: .*JSON/],
    ["no table", "{}", /bad: hostAddressWidth: expected integer 1 to 256, found nothing/],
    ["an odd structure", '{"structures":[{"type":"DREAM"}]}', /bad: hostAddressWidth: /],
  ];
  test.each(bad)("[AC12] %s is one line", async (_, content, text) => {
    const target = join(folder, "never.aml");
    const { code, out: said, err } = await run("dmar", "build", fileOf("bad", content), target);
    expect([code, said, existsSync(target)]).toEqual([2, "", false]);
    expect(err).toMatch(text);
    expect(err).toMatch(/^[^\n]+\n$/);
  });

  test("[AC12] what is no table, a missing file and wrong arguments are one line", async () => {
    const others: readonly (readonly [string | Uint8Array, string])[] = [
      [
        Uint8Array.from(readFileSync(fixture)).fill(0x58, 0, 1),
        'byte 0x0: the signature is "XMAR"',
      ],
      [readFileSync(fixture).subarray(0, 40), "byte 0x28: the header ends before its 48 bytes do"],
      ["what is this?", "no ACPI table, and no text that shows one\n"],
      [acpidumpOf("FACP", facp).join("\n"), "no DMAR table, but FACP\n"],
    ];
    for (const [content, text] of others) {
      const file = fileOf("other", content);
      const shown = await run("dmar", "show", file);
      expect(shown).toMatchObject({ code: 2, out: "" });
      expect(shown.err).toContain(`${file}: ${text}`);
      expect(shown.err).toMatch(/^[^\n]+\n$/);
    }
    const missing = await run("dmar", "show", join(folder, "none"));
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining("no such file") });
    for (const words of [[config], [config, out, out], ["--log", config, out, out]]) {
      const { code, err } = await run("dmar", "build", ...words);
      expect([code, err]).toEqual([2, expect.stringMatching(/^error: dmar build takes [^\n]+\n$/)]);
    }
    const guest = await run("dmar", "build", config, out, "--guest", "1");
    expect(guest).toMatchObject({ code: 2, err: expect.stringContaining("go with --log") });
  });
});
