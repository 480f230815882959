import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeFact } from "../events/log/log.ts";
import { openRecording } from "../events/log/recording.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import { findQemu } from "../qemu/binary.ts";
import { makeDemoGuest } from "../qemu/record/demo/demo-guest.ts";
import { demoNames } from "../qemu/record/demo/guest-script.ts";
import { pluginFor } from "../qemu/record/plugin/plugin-file.ts";
import { hasCompiler } from "../qemu/record/plugin/test/pretend.ts";
import { recordGuest } from "../qemu/record/recorder.ts";
import { noCounts, storeSource } from "../qemu/record/recording-lines.ts";
import { installedQemu } from "../qemu/test/installed.ts";
import { bootDisk, bootSector } from "./test/boot-disk.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("record-plugin", afterAll);
const { qemu, why } = await installedQemu();
const from = ["--qemu", qemu?.path ?? ""];
const isReady = qemu !== undefined && hasCompiler;
const isReal = isReady && process.env["SHADOWFOLD_RECORD"] === "1";
const skipped = qemu === undefined ? why : hasCompiler ? "" : " (skipped: no C compiler)";

interface LogLine {
  readonly input?: string;
  readonly offset?: number;
  readonly gpa?: string;
  readonly bytes?: string;
}

describe("record by plugin", () => {
  test.runIf(isReady)(
    `[RC31] a guest without a system is recorded store by store, torn entries too${skipped}`,
    { timeout: 60_000 },
    async () => {
      const [log, disk] = [
        join(folder, "own.ndjson"),
        `file=${bootDisk(folder)},format=raw,if=ide`,
      ];
      const { code, out, err } = await run(
        "record",
        "-o",
        log,
        "--json",
        ...from,
        "--",
        "-drive",
        disk,
      );
      expect([code, err]).toEqual([0, ""]);
      expect(JSON.parse(out)).toMatchObject({ by: "plugin", stores: 6, cut: false });
      const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(1);
      const inputs = lines.map((line): LogLine => JSON.parse(line)).filter(({ input }) => input);
      expect(inputs.map(({ offset, gpa, bytes }) => gpa ?? offset ?? bytes)).toEqual([
        ...[0x20, "0x10000", 0x18, "0x11200", "0x11208", 0x18],
        ...["0x12000", "0x13000", "0x14000", "0x11200"],
      ]);
      expect(inputs[3]?.bytes).toBe("01200100");
      expect(inputs[9]?.bytes).toBe("00000000");
    },
  );

  test.runIf(isReady)(
    `[RC29] a QEMU that ends in another way than by its guest is one line${skipped}`,
    { timeout: 60_000 },
    async () => {
      // The port that turns the machine off becomes that of a device which ends QEMU.
      const disk = bootDisk(folder, bootSector.replace("66ba0406", "66ba0105"));
      const words = ["-o", join(folder, "ended.ndjson"), ...from, "--device", "isa-debug-exit"];
      const drive = ["--", "-drive", `file=${disk},format=raw,if=ide`];
      const { code, err } = await run("record", ...words, ...drive);
      expect([code, err]).toEqual([2, expect.stringMatching(/ ended \(exit code 1\)\n$/)]);
    },
  );

  test.runIf(isReady)(
    `[RC29] a guest that never turns the unit on is one line${skipped}`,
    { timeout: 60_000 },
    async () => {
      const log = join(folder, "never.ndjson");
      const words = ["-o", log, ...from, "--time", "1", "--", "-nodefaults"];
      const { code, out, err } = await run("record", ...words);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toBe("the guest never turned the IOMMU on\n");
    },
  );

  test("[RC29] a QEMU without plugins, no compiler, no Linux to hold: one line each", async () => {
    const fake = fileOf(
      "qemu",
      "#!/bin/sh\necho QEMU emulator version 9.0.0\necho '  intremap=x'\n",
    );
    chmodSync(fake, 0o755);
    const refused = async (...words: string[]) => {
      const log = join(folder, "none.ndjson");
      const { code, out, err } = await run("record", "-o", log, "--qemu", fake, ...words);
      expect([code, out, err.split("\n")]).toEqual([2, "", [expect.any(String), ""]]);
      return err;
    };
    const { PATH, XDG_CACHE_HOME } = process.env;
    const plugin = ["--kernel", "x", "--by", "plugin"];
    if (hasCompiler) expect(await refused(...plugin)).toMatch(/qemu: this QEMU takes no plugins/);
    if (hasCompiler) expect(await refused("--", "-hda")).toMatch(/this QEMU takes no plugins/);
    const stops = "--by stops is for a Linux kernel alone";
    expect(await refused("--by", "stops", "--", "-hda")).toMatch(stops);
    const elf = ["--kernel", fileOf("elf", "\x7fELF")];
    expect(await refused("--by", "stops", ...elf)).toMatch(stops);
    expect(await refused(...plugin, "--by", "gdb")).toMatch(/Allowed choices are plugin, stops/);
    const traced = ["--demo", "xen", "--keep-trace", folder, "--linux-trace"];
    expect(await refused(...traced)).toMatch(/--linux-trace: the unit is Xen's in this guest/);
    Object.assign(process.env, { PATH: folder, XDG_CACHE_HOME: join(folder, "cache") });
    try {
      expect(await refused(...plugin)).toMatch(/a C compiler is needed for the recorder's plugin/);
    } finally {
      Object.assign(process.env, { PATH });
      if (XDG_CACHE_HOME === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = XDG_CACHE_HOME;
    }
  });

  test.runIf(isReal).each(demoNames)(
    "[RC32] the log of %s agrees with every DMA, fault and interrupt",
    { timeout: 500_000 },
    async (demo) => {
      const log = join(folder, `${demo}.ndjson.gz`);
      const words = ["--demo", demo, "--by", "plugin", "--time", "450", ...from];
      const { code, out, err } = await run("record", ...words, "-o", log, "--json");
      expect([code, err]).toEqual([0, ""]);
      const { stores, dma, interrupts } = JSON.parse(out);
      expect(Math.min(stores, interrupts.agree)).toBeGreaterThan(100);
      expect(dma.agree).toBeGreaterThan(50);
      expect((await run("replay", log)).code).toBe(0);
    },
  );

  test.runIf(isReal).each(["nvme", "vfio", "scalable"] as const)(
    "[RC33] on one boot of %s the plugin and the stops give every DMA the same translation",
    { timeout: 500_000 },
    async (demo) => {
      const binary = await findQemu(process.env["SHADOWFOLD_QEMU"]);
      const options = { packages: undefined, linuxTrace: false, say: () => undefined };
      const guest = await makeDemoGuest(demo, binary, options);
      const plan = {
        ...guest,
        plugin: pluginFor(binary),
        isHeld: true,
        symbols: undefined,
      } as const;
      const held: string[] = [];
      const stored: string[] = [];
      const keep = (kept: string): void => {
        const source = storeSource(kept, noCounts());
        stored.push(...source.next());
        source.close();
      };
      const lines = recordGuest(binary, { ...plan, seconds: 450 }, noCounts(), keep);
      for await (const batch of lines) held.push(...batch);
      guest.remove();
      const [header = "", ...rest] = held;
      const byStops = translations(header, rest);
      expect(byStops.length).toBeGreaterThan(100);
      expect(translations(header, stored)).toEqual(byStops);
    },
  );
});

/** What the model makes of each DMA of a recording. */
function translations(header: string, lines: readonly string[]): readonly string[] {
  const { setup, read } = openRecording(header);
  let world = createWorld(setup);
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    for (const input of read(line, index + 2)) {
      const { world: after, facts } = fold(world, input);
      world = after;
      if (input.type !== "Dma") continue;
      const told = facts.filter(({ type }) => /^Dma|^Fault/.test(type));
      found.push(told.map((fact) => encodeFact(0, 0, fact)).join(" "));
    }
  }
  return found;
}
