import type { Command } from "commander";
import type { Exporter } from "../../export/exporter.ts";
import { foldSource, worldOf } from "../../folding.ts";
import { InputError } from "../../input-error.ts";
import { checkTarget, forceOption } from "../../part-file.ts";
import { openSource } from "../../read.ts";
import type { Run } from "../../run.ts";
import { openPieces } from "../../write-pieces.ts";

/** Where an export goes. */
export interface ExportOptions {
  readonly output: string;
  readonly force?: true;
}

/** Adds the options of every export. */
export const withExport = (command: Command): Command =>
  command
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .requiredOption("-o, --output <file>", "the file to write; - is standard output")
    .option(...forceOption);

/** That a file could not be read to its end, and what was written all the same. */
export function endedEarly(failure: InputError, output: string): InputError {
  const kept = output === "-" ? "everything before it was written" : `${output} has what is before`;
  return new InputError(`${failure.message}; ${kept}`);
}

/** Folds a file once and writes what an exporter makes of it. */
export async function exportLog(
  run: Run,
  file: string,
  { output, force }: ExportOptions,
  exporter: Exporter,
): Promise<void> {
  await checkTarget(run.terminal, { file: output, from: file, force });
  const source = await openSource(file);
  const start = await worldOf(source);
  const writer = openPieces(output);
  await writer.add(exporter.begin(start));
  const { failure } = await foldSource(source, run.terminal, {
    step: (step) => writer.add(exporter.step(step)),
  });
  await writer.add(exporter.end());
  await writer.close();
  if (failure !== undefined) run.fail(endedEarly(failure, output));
}
