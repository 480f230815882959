import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Structure } from "../events/acpi/dmar.ts";
import { dmarFromJson } from "../events/acpi/dmar.ts";
import { changed, endpoint, tableOf, unit } from "../properties/examples/dmar-table.ts";
import { withoutAdded } from "./render/dmar-json.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("dmar-show", afterAll);

const all = unit({ includePciAll: true });
const special: Structure = {
  ...{ type: "SIDP", segment: 0 },
  scopes: [
    endpoint(2, {
      flags: [
        ...(["reqWoPasidNestedNotAllowed", "reqWoPasidPwsnpNotAllowed"] as const),
        ...(["reqWoPasidPgsnpNotAllowed", "atcHardened", "atcRequired"] as const),
      ],
    }),
    endpoint(0xb, { flags: ["reqWoPasidPgsnpNotAllowed", "atcHardened", "atcRequired"] }),
  ],
};
const cached: Structure = {
  ...{ type: "SATC", atcRequired: true, segment: 0 },
  scopes: [endpoint(2, { flags: ["atcHardened"] })],
};
const named: readonly Structure[] = [
  unit({ scopes: [endpoint(0x17, { type: 5, enumerationId: 2 })] }),
  { type: "ANDD", deviceNumber: 2, name: "\\_SB.PCI0.SDHC", rest: new Uint8Array(5) },
];

async function shown(content: string | Uint8Array, ...words: readonly string[]) {
  const { code, out, err } = await run("dmar", "show", fileOf("table", content), ...words);
  expect(err).toBe("");
  return { code, out };
}
async function shownJson(content: string | Uint8Array): Promise<Record<string, unknown>> {
  const { out } = await shown(content, "--json");
  return Object(JSON.parse(out)) as Record<string, unknown>;
}

describe("a table", () => {
  test("[AC13] with SIDP has its scopes and their flags, SATC's too", async () => {
    const bytes = tableOf([all, cached, special]);
    expect([...bytes.subarray(0x50, 0x60)]).toEqual([
      6, 0, 24, 0, 0, 0, 0, 0, 1, 8, 0x1f, 0, 0, 0, 2, 0,
    ]);
    expect([bytes[0x4a], bytes[0x62]]).toEqual([0x08, 0x1c]);
    const { code, out } = await shown(bytes);
    expect(code).toBe(0);
    expect(out).toMatch(/^0x40 +SATC +16 +segment 0, cache required$/m);
    expect(out).toMatch(/^0x48 +scope +8 +endpoint 00:02\.0, id 0, ATC hardened$/m);
    expect(out).toMatch(/^0x50 +SIDP +24 +segment 0$/m);
    const [first, second] = out
      .split("\n")
      .filter((line) => /00:0[2b]\.0.*ATC required/.test(line));
    expect(first).toMatch(
      /02\.0, id 0, no nesting\/PWSNP\/PGSNP without PASID, ATC hardened, ATC re/,
    );
    expect(second).toMatch(/0b\.0, id 0, no PGSNP without PASID, ATC hardened, ATC required$/);
    expect(dmarFromJson(await shownJson(bytes)).structures).toEqual([all, cached, special]);
  });

  test("[AC13] with a scope flag that has no meaning yet keeps it", async () => {
    const bytes = tableOf([all, special]);
    const odd = changed(bytes, { 74: 0xe1, 75: 0x01 });
    expect((await shown(odd)).out).toContain("no nesting without PASID, reserved bits 0x1e00000");
    const json = fileOf("odd.json", JSON.stringify(await shownJson(odd)));
    await run("dmar", "build", json, join(folder, "odd.aml"));
    expect(new Uint8Array(readFileSync(join(folder, "odd.aml")))).toEqual(odd);
  });

  test("[AC14] has names that end at their first zero byte", async () => {
    const bytes = tableOf(named);
    const { out } = await shown(bytes);
    expect(out).toMatch(/^0x48 +ANDD +28 +device 2: \\_SB\.PCI0\.SDHC$/m);
    const json = await shownJson(bytes);
    expect(json["structures"]).toMatchObject([{}, { name: "\\_SB.PCI0.SDHC", rest: "0000000000" }]);
    const full = changed(bytes, { 97: 0x58 });
    expect((await shown(full)).out).toMatch(/SDHC, and 5 bytes more$/m);
    expect(() => dmarFromJson({ ...json, structures: [{ type: "ANDD", name: "a\0b" }] })).toThrow(
      /name|deviceNumber/,
    );
  });

  test("[AC14] has texts without the zero bytes that fill them, and none that steers", async () => {
    const oem = { oemId: "AB\0\0\0\0", oemTableId: "\u009b1m     ", creatorId: "INTL" };
    const { out } = await shown(tableOf([all], oem));
    expect(out).toMatch(/^OEM +"AB" "\\u009b1m {5}" 1$/m);
  });
});

describe("a damaged table", () => {
  test("[AC15] is shown, then what is wrong and who minds; the exit code is 1", async () => {
    const longer = new Uint8Array([...tableOf([all]), ...new Uint8Array(32)]);
    const { code, out } = await shown(longer);
    expect(code).toBe(1);
    expect(out).toMatch(/^Table +DMAR, revision 1, 64 bytes\nChecksum +0x[0-9a-f]+, correct$/m);
    expect(out).toMatch(/^0x30 +DRHD +16 +segment 0, 1 x 4 KiB .* all other PCI devices$/m);
    expect(out).toMatch(/^At +Warning +Who +Says or does$/m);
    expect(out).toMatch(
      /^0x4 +the table's length 64 is less than the 96 .* 0 +Linux +looks no fu/m,
    );
    const json = await shownJson(longer);
    expect(json["warnings"]).toMatchObject([{ at: "0x4", who: { Xen: "looks no further" } }]);
  });

  test("[AC15] says what was not read, and has no checksum where bytes are missing", async () => {
    const bytes = tableOf([unit({ scopes: [endpoint(1), endpoint(2)] }), cached, special]);
    const { code, out } = await shown(changed(bytes, { 73: 0, 98: 0 }).subarray(0, 0x70));
    expect(code).toBe(1);
    expect(out).toMatch(/^Checksum +0x[0-9a-f]+, which nobody can check$/m);
    expect(out).toMatch(/^0x48 +not read +8$/m);
    expect(out).toMatch(/^0x60 +not read +16$/m);
    const short = (await shown(changed(bytes, { 50: 8, 56: 9, 57: 0, 58: 24, 59: 0 }))).out;
    expect(short).toMatch(/^0x30 +unknown +8 +type 0, 4 bytes that are too few for DRHD$/m);
    expect(short).toMatch(/^0x38 +unknown +24 +type 9, 20 bytes that are not known$/m);
  });

  test("[AC15] with a wrong checksum says which would be right", async () => {
    const bytes = changed(tableOf([all]), { 9: 7 });
    const { code, out } = await shown(bytes);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^Checksum +0x7, wrong: 0x\w+ would be/m),
    ]);
  });

  test("[AC20] as JSON builds a whole one", async () => {
    const whole = tableOf([all, cached]);
    const json = await shownJson(changed(whole, { 9: 0 }).subarray(0, 0x50));
    await run("dmar", "build", fileOf("mended.json", JSON.stringify(json)), join(folder, "mended"));
    expect(new Uint8Array(readFileSync(join(folder, "mended")))).toEqual(whole);
    expect(withoutAdded([json])).toEqual([json]);
  });
});

describe("remarks", () => {
  test("[AC18] stand below a table, with who makes them, and the exit code is 0", async () => {
    const bytes = tableOf([unit({ base: 0n })]);
    const { code, out } = await shown(bytes);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^At +Remark +Who +Says or does\n0x30 +the unit's registers are at address 0/m,
    );
    expect(out).toMatch(/^ +Xen +turns VT-d off$/m);
    expect((await shownJson(bytes))["remarks"]).toEqual([
      {
        ...{ at: "0x30", what: "the unit's registers are at address 0" },
        who: { Linux: '"DMAR reported at address 0", uses no IOMMU', Xen: "turns VT-d off" },
      },
    ]);
    expect(Object.keys(await shownJson(tableOf([all])))).not.toContain("remarks");
  });
});
