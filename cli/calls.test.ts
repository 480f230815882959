import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder } = scratch("calls", afterAll);
const edu = recordingPath("linux-vfio-edu");
const nest = "docs/nesting/nest-on.ndjson";

/** A file of lines. */
const written = (name: string, lines: readonly string[]): string => {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
};
const linesOf = async (...words: readonly string[]): Promise<readonly string[]> => {
  const { code, out } = await run("calls", ...words, "--json");
  expect(code).toBe(0);
  return out.trimEnd().split("\n");
};

describe("calls", () => {
  test("[HK20] the calls of each event, and what they cost", async () => {
    const { code, out } = await run("calls", nest);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {7}0 {2}the start\n {12}createSpace 0 \(p2m\)\n/);
    expect(out).toMatch(/ {12}attach 00:04\.0 PASID 0x43 to table 4\n/);
    expect(out).toMatch(/\nafter +call +calls +pages\n/);
    const costs = await run("calls", nest, "--costs");
    expect(out.endsWith(costs.out)).toBe(true);
    expect(costs.out).toMatch(/RegisterWrite +unmap +2 +2\n/);
  });

  test("[HK20] from an event on a host takes over, up to another one", async () => {
    const lines = await linesOf(nest, "--from", "60", "--to", "80");
    const calls = lines.map((line) => JSON.parse(line));
    expect(calls[0]).toMatchObject({ event: expect.any(Number), call: "createSpace", kind: "p2m" });
    const taken = calls.filter(({ event }) => event === calls[0].event).map(({ call }) => call);
    expect(taken).toEqual([
      ...["createSpace", "map", "map", "createSpace", "map", "createSpace", "map"],
      ...["createTable", "attach", "attach", "attach"],
    ]);
    expect(calls.at(-1).event).toBeLessThanOrEqual(80);
    const wrong = await run("calls", nest, "--from", "9", "--to", "3");
    expect([wrong.code, wrong.err]).toEqual([2, "--from 9 is after --to 3\n"]);
  });

  test("[HK20] in iommufd's words an object has a name, and a line its fields", async () => {
    const lines = await linesOf(nest, "--iommufd");
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      ...{ event: 0, ioctl: "IOMMU_IOAS_ALLOC" },
      fields: { out_ioas_id: "ioas 0" },
    });
    expect(lines.some((line) => line.includes("IOMMU_HWPT_INVALIDATE"))).toBe(true);
  });

  test("[HK22] in iommufd's words a device that comes behind a bridge is attached", async () => {
    const [first = ""] = readFileSync(nest, "utf8").split("\n");
    const header = JSON.parse(first);
    const [device, another] = ["01:04.0", "01:05.0"];
    header.guests[0].devices = [{ device, physical: true, alias: "00:04.0" }];
    const comes = { device: another, physical: true, alias: "00:04.0" };
    const file = written("bridge.ndjson", [
      JSON.stringify(header),
      JSON.stringify({ seq: 1, input: "DeviceAssign", ...comes }),
    ]);
    const [last = "", ...others] = (await linesOf(file, "--iommufd")).toReversed();
    expect(JSON.parse(last)).toMatchObject({
      ...{ event: 1, ioctl: "VFIO_DEVICE_ATTACH_IOMMUFD_PT" },
      fields: { device: another, pt_id: "hwpt of ioas 0" },
    });
    expect(others.every((line) => JSON.parse(line).event === 0)).toBe(true);
    const { out } = await run("calls", file, "--iommufd");
    expect(out).toMatch(/\n {7}1 {2}DeviceAssign .*\n {12}VFIO_DEVICE_ATTACH.*01:05\.0/);
  });

  test("[HK18] a host that cannot serve the unit is refused by name", async () => {
    const { code, out } = await run("calls", nest, "--host", "no-nesting,levels=4");
    expect([code, out]).toEqual([
      1,
      "guest 0: refused: first stages (ECAP.FSTS) are offered, the host cannot nest\n" +
        "guest 0: refused: first stages of 5 levels (CAP.FS5LP) are offered, the host walks 4\n",
    ]);
    expect((await run("calls", nest, "--host", "able", "--costs")).code).toBe(0);
    const unknown = await run("calls", nest, "--host", "no-luck");
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("There is no ability no-luck");
  });
});

describe("calls that fail, and hosts that lack", () => {
  test("[HK20] a call that fails ends what is told, with what the VMM does then", async () => {
    const { code, out } = await run("calls", nest, "--from", "76", "--fail", "77.1");
    expect(code).toBe(0);
    expect(out).toMatch(/not answered in time, and 2 that were to follow are not made\n/);
    expect(out).toMatch(/ {12}attach 00:04\.0 PASID 0x43 to nowhere\n\n/);
    const wrong = await run("calls", nest, "--fail", "77.4");
    expect([wrong.code, wrong.err]).toEqual([2, "--fail: event 77 leads to 3 calls\n"]);
    expect((await run("calls", nest, "--fail", "77")).code).toBe(2);
    expect((await run("calls", nest, "--from", "999")).err).toContain("no event 999");
  });

  test("[HK20] an event's calls are told whole, by the event's number", async () => {
    const last = JSON.parse((await linesOf(nest, "--to", "54")).at(-1) ?? "");
    expect(last).toMatchObject({ event: 54, call: "attach" });
  });

  test("[HK21] what the unit may offer is told; a refusal is a difference", async () => {
    const words = ["calls", nest, "--offer", "--json", "--host"];
    const { code, out } = await run(...words, "no-nesting");
    expect(code).toBe(0);
    expect(JSON.parse(out).limited).toContainEqual({ field: "ECAP.FLTS", wanted: 1, offered: 0 });
    expect((await run(...words, "no-4k")).code).toBe(1);
    expect((await run(...words, "input=39,input=48")).err).toContain("said twice");
  });
});

describe("calls against somebody's", () => {
  test("[HK15] an invalidation may be made in two; what devices are told need not be", async () => {
    const [lines, place] = [await linesOf(nest), 14];
    const whole = JSON.parse(lines[place] ?? "");
    expect(whole.call).toBe("invalidateTable");
    const half = (input: string) =>
      JSON.stringify({ ...whole, input, length: "0x8000000000000000" });
    const halves = [half("0x0"), half("0x8000000000000000")];
    const some = written("half.calls", lines.toSpliced(place, 1, halves[0] ?? ""));
    expect((await run("calls", nest, "--against", some)).code).toBe(1);
    const asks = "docs/nesting/page-request.ndjson";
    const told = await linesOf(asks);
    const left = told.filter((line) => !line.includes("invalidateDevice"));
    expect(left.length).toBeLessThan(told.length);
    expect((await run("calls", asks, "--against", written("left.calls", left))).code).toBe(0);
  });

  test("[HK16] early, repeated and strange calls are named at their line", async () => {
    const lines = await linesOf(nest);
    const against = async (name: string, changed: readonly string[]) =>
      (await run("calls", nest, "--against", written(name, changed))).out;
    const early = lines.toSpliced(6, 1).toSpliced(7, 0, lines[6] ?? "");
    expect(await against("early.calls", early)).toMatch(
      /:7: attach .*out of order: the space is new/,
    );
    const again = lines.toSpliced(8, 0, lines[7] ?? "");
    expect(await against("again.calls", again)).toMatch(/:9: .*the requester is there already/);
    const strange = [...lines, '{"call":"invalidateTable","table":99,"leafOnly":false}'];
    expect(await against("strange.calls", strange)).toMatch(/unknown: nobody has made table 99/);
    const guest = await run("calls", nest, "--against", written("guest.calls", ['{"guest":"x"}']));
    expect([guest.code, guest.err]).toEqual([2, expect.stringContaining(":1: guest: expected")]);
  });

  test("[HK15] those that were written are as they must be", async () => {
    const file = written("all.calls", await linesOf(edu));
    const { code, out } = await run("calls", edu, "--against", file);
    expect([code, out]).toEqual([0, "2279 calls, all as they must be\n"]);
    const other = readFileSync(file, "utf8").replaceAll('"event":', '"guest":1,"event":');
    writeFileSync(join(folder, "other.calls"), other);
    const none = await run("calls", edu, "--against", join(folder, "other.calls"));
    expect([none.code, none.out]).toEqual([1, expect.stringContaining("there are none")]);
  });

  test("[HK16] one that differs is named with its line; a file that ends, without", async () => {
    const lines = await linesOf(nest);
    const cut = written("cut.calls", lines.slice(0, 8));
    const ended = await run("calls", nest, "--against", cut);
    expect([ended.code, ended.out.split(": ").slice(0, 3)]).toEqual([
      1,
      [cut, "cut short", "they end after line 8; after event 34 there is to come"],
    ]);
    const place = lines.findIndex((line) => line.includes('"pasid":67'));
    const moved = lines.with(place, (lines[place] ?? "").replace("00:04.0", "00:05.0"));
    const json = await run("calls", nest, "--against", written("moved.calls", moved), "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      ...{ kind: "otherDevice", line: place + 1, seq: 54 },
      missing: { call: "attach", requester: { source: "00:04.0", pasid: 67 } },
    });
  });

  test("[HK17] a line that is no call is one line of error", async () => {
    for (const [line, why] of [
      ["{", "not JSON"],
      ["7", "not an object"],
      ['{"call":"mop"}', "call: expected one of createSpace, "],
      ['{"call":"detach","requester":{"source":"4"}}', "requester"],
    ] as const) {
      const file = written("bad.calls", ['{"call":"createSpace","space":1,"kind":"p2m"}', line]);
      const { code, err } = await run("calls", nest, "--against", file);
      expect([code, err.trim().split("\n").length]).toEqual([2, 1]);
      expect(err).toContain(`${file}:2: ${why}`);
    }
    const missing = await run("calls", nest, "--against", join(folder, "nowhere"));
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("no such file")]);
  });
});
