import type { Command } from "commander";
import { AcpiError } from "../../events/acpi/acpi-error.ts";
import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { Dmar } from "../../events/acpi/dmar.ts";
import { dmarFromJson } from "../../events/acpi/dmar.ts";
import { dmarOfSetup } from "../../events/acpi/dmar-of-setup.ts";
import { remarksOn } from "../../events/acpi/dmar-remarks.ts";
import { readDmar } from "../../events/acpi/read-dmar.ts";
import { FieldError } from "../../events/field.ts";
import { NestingError, parseJson, RepeatedKeyError } from "../../events/json.ts";
import { openDmar } from "../acpi-source.ts";
import { parseNumber } from "../argument.ts";
import { readWhole, writeWhole } from "../binary.ts";
import { worldOf } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import { openSource } from "../read.ts";
import { renderDmar } from "../render/dmar.ts";
import { readingJson, withoutAdded } from "../render/dmar-json.ts";
import { renderRemarks, renderWarnings } from "../render/dmar-remarks.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { checkGuest } from "./lookup.ts";

interface BuildOptions {
  readonly log?: string;
  readonly guest?: number;
  readonly ioapic?: number;
  readonly x2apicOptOut?: true;
  readonly force?: true;
}

/** What is wrong with a configuration, in words of this program. */
function reasonOf(error: Error): string {
  const isOwn = error instanceof NestingError || error instanceof RepeatedKeyError;
  return error instanceof SyntaxError && !isOwn ? "no JSON" : error.message;
}

/** Does something with a file's contents; what is wrong with them becomes one line. */
function inFile<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const isInput =
      error instanceof AcpiError || error instanceof FieldError || error instanceof SyntaxError;
    throw isInput ? new InputError(`${file}: ${reasonOf(error).split("\n", 1)[0]}`) : error;
  }
}

async function configOf(file: string): Promise<Dmar> {
  const text = Buffer.from(await readWhole(file)).toString("utf8");
  return inFile(file, () => dmarFromJson(withoutAdded(parseJson(text))));
}

/** The table that tells the guest of a log of its vIOMMU. */
async function tableOfLog(file: string, options: BuildOptions): Promise<Dmar> {
  const source = await openSource(file);
  const world = await worldOf(source);
  await source.close();
  const index = options.guest ?? 0;
  checkGuest(file, world.guests.length, index);
  const [guest, made] = [source.setup.guests[index], world.guests[index]];
  if (guest === undefined || made === undefined) throw new InputError(`${file}: no guests`);
  const x2apicOptOut = options.x2apicOptOut === true;
  if (x2apicOptOut && !made.profile.interruptRemapping) {
    throw new InputError(`${file}: --x2apic-opt-out needs a unit with ECAP.IR`);
  }
  const ioapicId = options.ioapic ?? 0;
  if (ioapicId > 255) throw new InputError("--ioapic: an IOAPIC id is at most 255");
  return dmarOfSetup(guest, made.profile, { x2apicOptOut, ioapicId });
}

async function build(run: Run, files: readonly string[], options: BuildOptions): Promise<void> {
  const [first = "", second, ...others] = files;
  const from = options.log ?? first;
  const to = options.log === undefined ? second : first;
  const count = options.log === undefined ? 2 : 1;
  if (to === undefined || others.length > 0 || files.length !== count) {
    throw new InputError("error: dmar build takes CONFIG.json OUT.aml, or --log FILE OUT.aml");
  }
  const forLog = [options.guest, options.ioapic, options.x2apicOptOut];
  if (options.log === undefined && forLog.some((option) => option !== undefined)) {
    throw new InputError("error: --guest, --ioapic and --x2apic-opt-out go with --log");
  }
  await checkTarget(run.terminal, { file: to, from, force: options.force });
  const table = await (options.log === undefined ? configOf(from) : tableOfLog(from, options));
  const bytes = inFile(from, () => buildDmar(table));
  await writeWhole(to, bytes);
}

async function show(run: Run, file: string, options: { readonly json?: true }): Promise<void> {
  const source = await openDmar(file);
  const reading = inFile(file, () => readDmar(source.bytes));
  const remarks = remarksOn(reading);
  const doubts = source.text?.doubts ?? [];
  if (doubts.length > 0 || reading.damage.length > 0) run.differ();
  const { terminal } = run;
  if (options.json) {
    terminal.out(renderJson(readingJson(reading, remarks, source)));
    return;
  }
  terminal.out(renderDmar(terminal, reading, source));
  terminal.out(renderWarnings(terminal, doubts, reading.damage));
  terminal.out(renderRemarks(terminal, remarks));
}

const buildExample =
  "\nExample:\n  shadowfold dmar build --log recordings/linux-vfio-edu.jsonl.gz dmar.aml";
const showExample = "\nExample:\n  shadowfold dmar show recordings/acpi/qemu-q35.aml";

function addBuild(dmar: Command, run: Run): void {
  dmar
    .command("build")
    .summary("build a table from a configuration, or from the set-up of a log")
    .description(
      "Writes a DMAR table with its lengths and checksum. The configuration is JSON, as " +
        "docs/dmar.md says and `dmar show --json` prints it.",
    )
    .argument("<files...>", "CONFIG.json OUT.aml, or OUT.aml with --log; - is standard in or out")
    .option("--log <file>", "describe the vIOMMU of a guest of this log or recording")
    .option("--guest <number>", "which guest of the log, from 0", parseNumber)
    .option("--ioapic <id>", "id of the guest's IOAPIC, 0 when missing", parseNumber)
    .option(...forceOption)
    .option("--x2apic-opt-out", "ask the guest to leave x2APIC mode alone")
    .addHelpText("after", buildExample)
    .action((files: readonly string[], options: BuildOptions) => build(run, files, options));
}

/** Adds `dmar build` and `dmar show`. */
export function addDmar(program: Command, run: Run): void {
  const dmar = program
    .command("dmar")
    .summary("build or show the ACPI table that tells a guest of its vIOMMU")
    .description("Builds and shows ACPI DMAR tables: remapping units, reserved regions, scopes.")
    .addHelpText("after", showExample);
  addBuild(dmar, run);
  dmar
    .command("show")
    .summary("show what a table says")
    .description(
      "Shows a DMAR table's header, structures and device scopes, warns of what is damaged, and " +
        "tells what Linux or Xen would say of it. A damaged table makes exit code 1.",
    )
    .argument("<file>", "table as firmware has it, acpidump's text or iasl's; - is standard input")
    .option("--json", "print the configuration that builds the same table")
    .addHelpText("after", showExample)
    .action((file: string, options: { readonly json?: true }) => show(run, file, options));
}
