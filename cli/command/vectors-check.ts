import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { profileOf } from "../../events/profile/profile.ts";
import { holdInterrupt } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import { checkVectors, StaleVectorsError } from "../../vectors/check.ts";
import type { VectorFile } from "../../vectors/format.ts";
import { decodeVectors, VectorFileError } from "../../vectors/format.ts";
import { parseSeconds } from "../argument.ts";
import { fileError, InputError, lineError, named } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import { renderVectors, vectorsJson } from "../render/vectors.ts";
import type { Run } from "../run.ts";
import { startStatus } from "../status-line.ts";
import type { AgainstOptions } from "./fuzz-target.ts";
import { parsePassed, targetOf } from "./fuzz-target.ts";

interface Options extends AgainstOptions {
  readonly case?: readonly string[];
  readonly json?: true;
}

/** The files of a folder, or the one file that is named. @throws InputError when there is none. */
function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const found = readdirSync(path).filter((name) => name.endsWith(".ndjson"));
    if (found.length > 0) return found.sort().map((name) => join(path, name));
  } catch (error) {
    throw fileError(path, error);
  }
  throw new InputError(
    `${named(path)}: there are no vectors here (shadowfold vectors -o DIR makes some)`,
  );
}

function read(file: string): VectorFile {
  try {
    return decodeVectors(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof VectorFileError) throw lineError(file, error.line, error.message);
    throw fileError(file, error);
  }
}

/** The cases that are asked for. @throws InputError for one that no file has. */
function withCases(files: readonly VectorFile[], ids: readonly string[] | undefined) {
  if (ids === undefined) return files;
  const known = new Set(files.flatMap(({ vectors }) => vectors.map(({ id }) => id)));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined)
    throw new InputError(`--case ${named(missing)}: no file has this case`);
  return files.map((file) => ({
    ...file,
    vectors: file.vectors.filter(({ id }) => ids.includes(id)),
  }));
}

/** Files about the unit that is run first: each case is put to a target once. */
const inOrder = (files: readonly string[], profile: string): readonly string[] =>
  files.toSorted((one, other) => rank(one, profile) - rank(other, profile));
const rank = (file: string, profile: string): number =>
  basename(file, ".ndjson").endsWith(profile) ? 0 : 1;

async function check(run: Run, path: string, options: Options): Promise<void> {
  const against = await targetOf(options);
  const names = inOrder(filesOf(path), against.profile);
  const files = withCases(names.map(read), options.case);
  const status = startStatus(run.terminal);
  const stop = new AbortController();
  const release = holdInterrupt(() => stop.abort());
  const watch = (done: number, all: number): void =>
    status.say(`${done.toString()} of ${all.toString()} cases`);
  const start = performance.now();
  const asked = { ...against, files, watch, stop: stop.signal };
  const { setup, title, checked } = await checkVectors(asked)
    .catch((error: unknown) => {
      if (!(error instanceof StaleVectorsError)) throw error;
      throw lineError(names[files.indexOf(error.file)] ?? path, error.line, error.message);
    })
    .finally(status.done)
    .finally(release);
  const report = {
    ...(title === undefined ? {} : { name: title }),
    ...(setup === undefined ? {} : { unit: profileOf(setup) }),
    ...{ target: against.target.name, profile: against.profile },
    ...{ seconds: (performance.now() - start) / 1000, isStopped: stop.signal.aborted, checked },
  };
  const text = options.json ? renderJson(vectorsJson(report)) : renderVectors(run.terminal, report);
  run.terminal.out(text);
  const isJudged = checked.some(
    ({ verdict }) => verdict !== "other unit" && verdict !== "not asked",
  );
  if (checked.some(({ verdict }) => verdict === "failed")) run.differ();
  else if (stop.signal.aborted) run.interrupt();
  else if (!isJudged) run.learnNothing();
}

const eachCase = (id: string, before: readonly string[] = []): readonly string[] => [...before, id];

/** Adds `vectors check`. */
export function addVectorsCheck(vectors: Command, run: Run): void {
  vectors
    .command("check <dir>")
    .summary("put cases to QEMU, or to your vIOMMU")
    .description(
      "Puts the cases of a folder, or of one file, to a target and compares every answer. Exit " +
        "code 0: nothing that is not explained; 1: a case failed; 2: the target or a file cannot " +
        "be used; 3: no case is for this unit; 130: ended early by Ctrl-C.",
    )
    .option(
      "--against <target>",
      "qemu, qtest:COMMAND (docs/qemu.md), stdio:COMMAND or module:PATH " +
        "(docs/check-your-viommu.md)",
      "qemu",
    )
    .option("--case <id>", "one case alone, with its story if it fails; may be repeated", eachCase)
    .option("--profile <name>", "what the unit is to be able to do, as of fuzz")
    .option("--qemu <path>", "the QEMU to run (default: qemu-system-x86_64 on PATH)")
    .option(
      "--deviations <version>",
      "pass by what this version of QEMU is known for, or none (default: of the QEMU that runs); " +
        "of stdio and module, what a module exports",
      parsePassed,
    )
    .option(
      "--timeout <time>",
      "how long a stdio or module target may be silent (default: 5s)",
      parseSeconds,
    )
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold vectors check vectors --against stdio:./my-viommu",
    )
    .action(async (path: string, options: Options) => {
      try {
        await check(run, path, options);
      } catch (error) {
        if (error instanceof ProgramError) throw new InputError(error.message);
        throw error;
      }
    });
}
