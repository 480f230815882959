import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { profiles } from "../../events/profile/profiles.ts";
import { firmware, files as machineFiles } from "../../qemu/qtest/machine.ts";
import { usualUnitOptions } from "../../qemu/unit-options.ts";
import { vectorsOf } from "../../vectors/chosen.ts";
import { encodeVectors } from "../../vectors/format.ts";
import { playerOf, qtestOf } from "../../vectors/qtest.ts";
import { fileError, InputError } from "../input-error.ts";
import { renderTable } from "../render/table.ts";
import type { Run } from "../run.ts";
import { startStatus } from "../status-line.ts";
import { addVectorsCheck } from "./vectors-check.ts";

interface Options {
  readonly profile?: string;
  readonly out?: string;
}

type ProfileName = keyof typeof profiles;

/** What QEMU has to be started with, to be the unit of a profile. */
const qemuUnits: Readonly<Partial<Record<ProfileName, string>>> = {
  "qemu-legacy": usualUnitOptions("legacy"),
  "qemu-scalable": usualUnitOptions("scalable"),
};

function profilesOf(name: string | undefined): readonly ProfileName[] {
  const names = Object.keys(profiles) as ProfileName[];
  if (name === undefined) return names;
  const found = names.filter((each) => each === name);
  if (found.length > 0) return found;
  throw new InputError(`--profile ${name}: not one of the model's: ${names.join(", ")}`);
}

function write(path: string, contents: string | Uint8Array): void {
  try {
    writeFileSync(path, contents);
  } catch (error) {
    throw fileError(path, error);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Writes the qtest scripts of a profile that QEMU has. @returns how many. */
function writeScripts(folder: string, name: ProfileName, made: ReturnType<typeof vectorsOf>) {
  const unitOptions = qemuUnits[name];
  if (unitOptions === undefined) return 0;
  const place = join(folder, `${name}.qtest`);
  makeFolder(place);
  write(join(place, machineFiles.firmware), firmware());
  write(join(place, "play.sh"), playerOf(unitOptions));
  chmodSync(join(place, "play.sh"), 0o755);
  let count = 0;
  for (const { vector, chosen } of made) {
    const found = qtestOf(profiles[name], vector, chosen.inputs);
    if (found === undefined) continue;
    write(join(place, `${vector.id}.qtest`), found.script);
    write(join(place, `${vector.id}.answers`), found.answers);
    count += 1;
  }
  return count;
}

function writeVectors(run: Run, { profile, out }: Options): void {
  if (out === undefined) throw new InputError("-o DIR is missing: where the files are to be");
  const names = profilesOf(profile);
  makeFolder(out);
  const status = startStatus(run.terminal);
  const rows = names.map((name) => {
    status.say(name);
    const made = vectorsOf(profiles[name]);
    const file = join(out, `${name}.ndjson`);
    write(
      file,
      encodeVectors(
        profiles[name],
        made.map(({ vector }) => vector),
      ),
    );
    const rules = new Set(made.flatMap(({ vector }) => vector.rules)).size;
    return [file, made.length, rules, writeScripts(out, name, made)];
  });
  status.done();
  run.terminal.out(renderTable(run.terminal, ["File", "Cases", "Rules", "qtest scripts"], rows));
}

/** Adds `vectors`. */
export function addVectors(program: Command, run: Run): void {
  const vectors = program
    .command("vectors")
    .summary("write self-checking cases as files, or put them to QEMU or to your vIOMMU")
    .description(
      "Writes cases for an implementation of VT-d, each with what has to be answered: a file of " +
        "JSON lines for each profile, and qtest scripts where QEMU has such a unit. " +
        "docs/vectors.md says what is in them.",
    )
    .option(
      "--profile <name>",
      `of one unit alone: ${Object.keys(profiles).join(", ")} (default: all)`,
    )
    .option("-o, --out <dir>", "the folder to write into")
    .enablePositionalOptions()
    .addHelpText("after", "\nExample:\n  shadowfold vectors --profile qemu-legacy -o vectors")
    .action((options: Options) => writeVectors(run, options));
  addVectorsCheck(vectors, run);
}
