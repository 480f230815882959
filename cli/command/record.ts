import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { findQemu } from "../../qemu/binary.ts";
import { makeDemoGuest } from "../../qemu/record/demo/demo-guest.ts";
import { demoNames } from "../../qemu/record/demo/guest-script.ts";
import { defaultIommu } from "../../qemu/record/machine.ts";
import type { RecordingPlan } from "../../qemu/record/recorder.ts";
import { recordGuest } from "../../qemu/record/recorder.ts";
import type { Counts } from "../../qemu/record/recording-lines.ts";
import { noCounts } from "../../qemu/record/recording-lines.ts";
import { ProgramError } from "../../target/program-error.ts";
import { makeFolder } from "../folder.ts";
import { InputError } from "../input-error.ts";
import { keepFiles } from "../kept-files.ts";
import type { LiveLog } from "../live-log.ts";
import { writeLiveLog } from "../live-log.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import { renderJson } from "../render/json.ts";
import type { RecordReport } from "../render/record.ts";
import { renderRecord } from "../render/record.ts";
import type { Run } from "../run.ts";
import type { StatusLine } from "../status-line.ts";
import { startStatus } from "../status-line.ts";
import type { RecordOptions } from "./record-guest.ts";
import { means, ownGuest, pluginOf } from "./record-guest.ts";

const saying = ({ phase, stops, stores, dma, faults }: Counts): string => {
  if (phase === "booting") return "the guest starts";
  const seen = stops === 0 ? `${stores.toString()} stores` : `${stops.toString()} stops`;
  return `${seen}, ${dma.toString()} DMA, ${faults.toString()} faults`;
};

async function* watched(
  batches: AsyncIterable<readonly string[]>,
  counts: Counts,
  status: StatusLine,
): AsyncGenerator<readonly string[], void> {
  for await (const batch of batches) {
    status.say(saying(counts));
    yield batch;
  }
}

async function recordInto(
  run: Run,
  options: RecordOptions,
  words: readonly string[],
  status: StatusLine,
): Promise<RecordReport> {
  const start = performance.now();
  const { demo, packages, linuxTrace = false, keepTrace } = options;
  if (linuxTrace && (demo === undefined || keepTrace === undefined)) {
    throw new InputError("record: --linux-trace goes with --demo and --keep-trace");
  }
  if (linuxTrace && demo === "xen") {
    throw new InputError("record: --linux-trace: the unit is Xen's in this guest, not Linux's");
  }
  const binary = await findQemu(options.qemu);
  if (keepTrace !== undefined) makeFolder(keepTrace);
  const guest =
    demo === undefined
      ? ownGuest(options, words)
      : await makeDemoGuest(demo, binary, { packages, linuxTrace, say: status.say });
  const counts = noCounts();
  const keep = (folder: string): void => {
    if (keepTrace !== undefined) keepFiles(folder, keepTrace, linuxTrace);
  };
  let log: LiveLog;
  let plugin: string | undefined;
  try {
    plugin = pluginOf(binary, options, guest);
    const { symbols, time: seconds } = options;
    const plan: RecordingPlan = { ...guest, plugin, symbols, seconds };
    const batches = watched(recordGuest(binary, plan, counts, keep), counts, status);
    log = await writeLiveLog(options.output, batches, BigInt(guest.machine.memoryMiB) << 20n);
  } finally {
    guest.remove();
  }
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  if (log.disagreements.length + log.violations.length > 0) run.differ();
  const { events, dma, faults, interrupts, disagreements, violations } = log;
  const { stops, stores, cut, panic } = counts;
  const shown = {
    file: options.output,
    qemu: binary.version,
    ...(plugin === undefined ? { by: "stops" as const, stops } : { by: "plugin" as const, stores }),
    seconds,
    cut,
    ...(panic !== undefined && { panic }),
  };
  return { ...shown, events, dma, faults, interrupts, disagreements, violations };
}

async function record(run: Run, words: readonly string[], options: RecordOptions): Promise<void> {
  await checkTarget(run.terminal, { file: options.output, force: options.force });
  const status = startStatus(run.terminal);
  try {
    const report = await recordInto(run, options, words, status);
    status.done();
    run.terminal.out(options.json ? renderJson(report) : renderRecord(run.terminal, report));
  } catch (error) {
    status.done();
    if (error instanceof ProgramError) throw new InputError(error.message);
    throw error;
  }
}

const between =
  (least: number, most: number, unit: string) =>
  (text: string): number => {
    const [, digits] = new RegExp(`^(\\d{1,6})${unit}?$`).exec(text) ?? [];
    const value = Number(digits);
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected ${least.toString()} to ${most.toString()}.`);
  };

const collect = (text: string, others: readonly string[]): readonly string[] => [...others, text];

function addGuestOptions(command: Command): Command {
  const symbols = new Option("--symbols <file>", "System.map of a kernel that has no symbols");
  return command
    .option("--kernel <file>", "kernel to boot: what QEMU's -kernel takes")
    .option("--initrd <file>", "its initial file system")
    .option("--append <words>", "its command line, besides what recording needs", "")
    .option("--device <device>", "a device as QEMU's -device takes it; repeatable", collect, [])
    .option("--machine <properties>", "properties of QEMU's q35 machine", "")
    .option("--iommu <properties>", "properties of QEMU's intel-iommu", defaultIommu)
    .option("--memory <MiB>", "the guest's memory", between(64, 2048, "M"), 512)
    .addOption(symbols.implies({ by: "stops" }));
}

/** What a guest of one's own is described by; a demo brings all of it. */
const ownOptions = [
  ...["kernel", "initrd", "append", "device", "machine", "iommu", "memory", "symbols"],
];

/** Adds `record`. */
export function addRecord(program: Command, run: Run): void {
  const demo = new Option("--demo <name>", "a guest made from Debian's packages").choices(
    demoNames,
  );
  const by = new Option("--by <means>", "how stores are seen; the plugin where it can be had");
  by.choices(means);
  addGuestOptions(
    program
      .command("record")
      .summary("boot a guest in QEMU and record it as a log")
      .description(
        "Boots a guest in QEMU under software emulation and writes its register accesses, each " +
          "store to its tables and queues, and what QEMU made of each DMA and interrupt as a log " +
          "with the facts that the model decides. A plugin of QEMU sees the stores; without it " +
          "Linux is held at each invalidation and its tables are compared. " +
          "docs/recording.md says what is recorded and what is not seen.",
      )
      .argument("[qemu...]", "after --: further arguments for QEMU, such as -blockdev")
      .requiredOption("-o, --output <file>", "log to write, gzipped when it ends in .gz")
      .addOption(demo.conflicts(ownOptions))
      .addOption(by),
  )
    .option("--packages <folder>", "Debian's packages for --demo, instead of downloading them")
    .option("--qemu <path>", "QEMU 7.2 or later; the first on PATH when missing")
    .option("--time <seconds>", "end the guest after this long", between(1, 86_400, "s"), 300)
    .option("--keep-trace <folder>", "keep QEMU's trace and the guest's console there")
    .option("--linux-trace", "with --demo and --keep-trace: keep Linux's own trace, too")
    .option(...forceOption)
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold record --demo nvme -o nvme.ndjson.gz\n" +
        "  shadowfold record --kernel bzImage --initrd initrd.img --device edu -o edu.ndjson.gz",
    )
    .action((words: string[], options: RecordOptions) => record(run, words, options));
}
