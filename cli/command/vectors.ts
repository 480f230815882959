import { join } from "node:path";
import type { Command } from "commander";
import { profiles } from "../../events/profile/profiles.ts";
import { firmware, files as machineFiles } from "../../qemu/qtest/machine.ts";
import { usualUnitOptions } from "../../qemu/unit-options.ts";
import { holdInterrupt } from "../../target/process.ts";
import type { MadeVector } from "../../vectors/chosen.ts";
import { makingVectors } from "../../vectors/chosen.ts";
import { encodeVectors } from "../../vectors/format.ts";
import { playerOf, qtestOf } from "../../vectors/qtest.ts";
import { makeFolder } from "../folder.ts";
import { InputError, named } from "../input-error.ts";
import { startProgress } from "../progress.ts";
import { renderTable } from "../render/table.ts";
import type { Run } from "../run.ts";
import type { FolderFile } from "../whole-files.ts";
import { checkNew, writeWhole, writeWholeFolder } from "../whole-files.ts";
import { addVectorsCheck } from "./vectors-check.ts";

interface Options {
  readonly profile?: string;
  readonly out?: string;
  readonly force?: true;
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
  throw new InputError(`--profile ${named(name)}: not one of the model's: ${names.join(", ")}`);
}

/** The qtest scripts of a profile that QEMU has, with what plays them; nothing of others. */
function scriptsOf(name: ProfileName, made: readonly MadeVector[]): readonly FolderFile[] {
  const unitOptions = qemuUnits[name];
  if (unitOptions === undefined) return [];
  const scripts = made.flatMap(({ vector, chosen }): readonly FolderFile[] => {
    const found = qtestOf(profiles[name], vector, chosen.inputs);
    if (found === undefined) return [];
    const { script, answers } = found;
    return [
      { name: `${vector.id}.qtest`, contents: script },
      { name: `${vector.id}.answers`, contents: answers },
    ];
  });
  const player = playerOf(unitOptions);
  return [
    { name: machineFiles.firmware, contents: firmware() },
    { name: "play.sh", contents: player, runs: true },
    ...scripts,
  ];
}

const fileOf = (out: string, name: ProfileName): string => join(out, `${name}.ndjson`);
const folderOf = (out: string, name: ProfileName): string => join(out, `${name}.qtest`);

/** The vectors of a profile; nothing where they are not made to the end. */
async function vectorsFor(
  name: ProfileName,
  watch: (fraction: number) => void,
  stop: AbortSignal,
): Promise<readonly MadeVector[] | undefined> {
  const making = makingVectors(profiles[name]);
  for (;;) {
    const { done, value } = making.next();
    if (done === true) return value;
    watch(value.done / value.all);
    // Signals are heard between two cases alone.
    await new Promise((resolve) => setImmediate(resolve));
    if (stop.aborted) return undefined;
  }
}

/** Writes the files of a profile. @returns the row that tells of them. */
function writeFiles(out: string, name: ProfileName, made: readonly MadeVector[]) {
  const file = fileOf(out, name);
  const vectors = made.map(({ vector }) => vector);
  writeWhole(file, encodeVectors(profiles[name], vectors));
  const scripts = scriptsOf(name, made);
  if (scripts.length > 0) writeWholeFolder(folderOf(out, name), scripts);
  const rules = new Set(vectors.flatMap((vector) => vector.rules)).size;
  const count = scripts.filter(({ name: each }) => each.endsWith(".qtest")).length;
  return [file, made.length, rules, count];
}

async function writeVectors(run: Run, { profile, out, force }: Options): Promise<void> {
  if (out === undefined) throw new InputError("-o DIR is missing: where the files are to be");
  const names = profilesOf(profile);
  makeFolder(out);
  const paths = names.flatMap((name) => [
    fileOf(out, name),
    ...(qemuUnits[name] === undefined ? [] : [folderOf(out, name)]),
  ]);
  await checkNew(run.terminal, paths, force);
  const stop = new AbortController();
  const release = holdInterrupt(() => stop.abort());
  const progress = startProgress(run.terminal, "vectors", true);
  const rows: (readonly (string | number)[])[] = [];
  try {
    for (const name of names) {
      const watch = (part: number): void => progress.at((rows.length + part) / names.length);
      const made = await vectorsFor(name, watch, stop.signal);
      if (made === undefined) break;
      rows.push(writeFiles(out, name, made));
    }
  } finally {
    progress.done();
    release();
  }
  const { terminal } = run;
  terminal.out(renderTable(terminal, ["File", "Cases", "Rules", "qtest scripts"], rows));
  if (rows.length === names.length) return;
  const missing = names.slice(rows.length).join(", ");
  terminal.out(`Ended early: what is listed is whole, and nothing is written of ${missing}.\n`);
  run.interrupt();
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
    .option("--force", "replace files that are there already")
    .enablePositionalOptions()
    .addHelpText("after", "\nExample:\n  shadowfold vectors --profile qemu-legacy -o vectors")
    .action((options: Options) => writeVectors(run, options));
  addVectorsCheck(vectors, run);
}
