import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { recordedRamBytes } from "../events/log/recording-placement.ts";
import { writeLiveLog } from "./live-log.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("record", afterAll);
const edu = recordingPath("linux-vfio-edu");

/** The first lines of a recording, as they come while it is made. */
async function* inBatches(): AsyncGenerator<readonly string[], void> {
  const lines = gunzipSync(readFileSync(edu)).toString("utf8").split("\n").slice(0, 2000);
  yield lines.slice(0, 1);
  for (let at = 1; at < lines.length; at += 100) yield lines.slice(at, at + 100);
}

const isReal = process.env["SHADOWFOLD_RECORD"] === "1";
if (!isReal) console.info("A real guest is not recorded; SHADOWFOLD_RECORD=1 records one");

/** What this program leaves in the folder of temporary files. */
const leftovers = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => /^shadowfold-\w{6}$/.test(name));

describe("record", () => {
  test.runIf(isReal)(
    "[RC20] the log of a real guest replays without a difference",
    { timeout: 300_000 },
    async () => {
      const [log, before] = [join(folder, "nvme.ndjson.gz"), leftovers()];
      const recorded = await run("record", "--demo", "nvme", "--by", "stops", "-o", log, "--json");
      expect([recorded.code, recorded.err]).toEqual([0, ""]);
      const { dma, interrupts } = JSON.parse(recorded.out);
      expect(dma.agree).toBeGreaterThan(1000);
      expect(interrupts.agree).toBeGreaterThan(100);
      expect((await run("replay", log)).code).toBe(0);
      expect(leftovers()).toEqual(before);
    },
  );

  test("[RC18] a recording becomes a log, as convert makes it, while it is made", async () => {
    const live = join(folder, "live.ndjson");
    const { dma, faults, interrupts, events } = await writeLiveLog(
      live,
      inBatches(),
      recordedRamBytes,
    );
    expect([dma.disagree, faults.disagree, interrupts.disagree]).toEqual([0, 0, 0]);
    expect(Math.min(dma.agree, faults.agree, interrupts.agree)).toBeGreaterThan(0);
    const all = gunzipSync(readFileSync(edu)).toString("utf8").split("\n").slice(0, 2000);
    const converted = join(folder, "converted.ndjson");
    await run("convert", fileOf("cut.jsonl", `${all.join("\n")}\n`), converted);
    expect(readFileSync(live, "utf8")).toBe(readFileSync(converted, "utf8"));
    expect(readFileSync(live, "utf8").trimEnd().split("\n")).toHaveLength(events + 2);
  });

  test("[RC18] what breaks off is kept up to there", async () => {
    const live = join(folder, "broken.ndjson");
    async function* broken(): AsyncGenerator<readonly string[], void> {
      yield* inBatches();
      yield ['{"odd":1}'];
    }
    const written = writeLiveLog(live, broken(), recordedRamBytes);
    await expect(written).rejects.toThrow(
      /^the recording:\d+: unknown line of a recording: "odd"$/,
    );
    expect((await run("replay", live)).code).toBe(0);
  });

  test("[RC19] bad usage and missing programs are one line, exit code 2, and no log", async () => {
    const log = join(folder, "none.ndjson");
    const refused = async (...words: string[]) => {
      const { code, out, err } = await run("record", "-o", log, ...words);
      expect([code, out, err.split("\n")]).toEqual([2, "", [expect.any(String), ""]]);
      return err;
    };
    const noQemu = ["--qemu", join(folder, "no-qemu")];
    expect(await refused("--demo", "nvme", ...noQemu)).toMatch(/no-qemu: /);
    expect(await refused("--demo", "usb")).toMatch(/Allowed choices are nvme, vfio, scalable/);
    expect(await refused("--demo", "nvme", "--kernel", "x")).toMatch(/cannot be used with/);
    expect(await refused("--kernel", "x", "--memory", "4096")).toMatch(/Expected 64 to 2048/);
    expect(await refused("--kernel", "x", "--time", "soon")).toMatch(/Expected 1 to 86400/);
    const version = "#!/bin/sh\necho QEMU emulator version 9.0.0\n";
    const other = fileOf("other", version);
    const qemu = fileOf("qemu", `${version}echo '  intremap=<OnOffAuto>'\n`);
    for (const each of [other, qemu]) chmodSync(each, 0o755);
    const own = ["--qemu", qemu];
    expect(await refused("--kernel", "x", "--qemu", other)).toMatch(/has no such unit/);
    expect(await refused(...own)).toMatch(
      /--kernel FILE, --demo NAME or, after --, a disk is needed/,
    );
    expect(await refused("--kernel", "x", ...own)).toMatch(/qemu ended \(exit code 0\)/);
    const packages = ["--demo", "nvme", "--packages", folder, ...own];
    expect(await refused(...packages)).toMatch(/lacks a linux-image/);
    expect(existsSync(log)).toBe(false);
  });
});
