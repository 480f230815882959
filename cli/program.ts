import { Command, CommanderError } from "commander";
import { shortened } from "../events/log/excerpt.ts";
import { modelVersion } from "../events/log/log-version.ts";
import { printable } from "../events/printable.ts";
import { addCalls } from "./command/calls.ts";
import { addCompare } from "./command/compare.ts";
import { addConvert } from "./command/convert.ts";
import { addDap } from "./command/dap.ts";
import { addDebug } from "./command/debug.ts";
import { addDiff } from "./command/diff.ts";
import { addDmar } from "./command/dmar.ts";
import { addExplain } from "./command/explain.ts";
import { addExplore } from "./command/explore.ts";
import { addExport } from "./command/export.ts";
import { addFuzz } from "./command/fuzz.ts";
import { addGuide } from "./command/guide.ts";
import { addIndex } from "./command/index-log.ts";
import { addInterrupt } from "./command/interrupt.ts";
import { addLog } from "./command/log.ts";
import { addRecord } from "./command/record.ts";
import { addReplay } from "./command/replay.ts";
import { addSave } from "./command/save.ts";
import { addState } from "./command/state.ts";
import { addTrace } from "./command/trace.ts";
import { addTranslate } from "./command/translate.ts";
import { addVectors } from "./command/vectors.ts";
import { addVerify } from "./command/verify.ts";
import { addWhatIf } from "./command/what-if.ts";
import { addWhy } from "./command/why.ts";
import { InputError } from "./input-error.ts";
import type { Run } from "./run.ts";
import { startRun } from "./run.ts";
import type { Terminal } from "./terminal.ts";

/** Bad usage in one line; of an argument that is repeated in it, the beginning. */
function usageError(text: string): string {
  const said = text.trim().replaceAll(/\s*\n\s*/g, " ");
  const short = said.replaceAll(/'([^']*)'/g, (_, word: string) => `'${shortened(word)}'`);
  return `${printable(short)} (--help shows the usage)\n`;
}

function createProgram(run: Run): Command {
  const program = new Command("shadowfold")
    .description("An executable, event-sourced model of the Intel VT-d virtual IOMMU.")
    .version(modelVersion)
    .enablePositionalOptions()
    .configureOutput({
      writeOut: run.terminal.out,
      writeErr: run.terminal.err,
      outputError: (text, write) => write(usageError(text)),
    })
    .exitOverride()
    .addHelpText(
      "after",
      "\nFiles are logs or recordings, one JSON object a line, gzipped or not.\n" +
        "Exit code 0: all is well; 1: something differs or a law is violated; 2: bad\n" +
        "usage, or a file that cannot be read; 3: there was nothing to judge, or a\n" +
        "bound ended a search.",
    );
  for (const add of [addReplay, addTranslate, addWhy, addState, addDiff, addLog]) add(program, run);
  for (const add of [addDebug, addExport, addIndex, addInterrupt, addVerify]) add(program, run);
  for (const add of [addConvert, addDmar, addSave, addCalls]) add(program, run);
  for (const add of [addWhatIf, addCompare, addDap]) add(program, run);
  for (const add of [addTrace, addExplain, addRecord, addFuzz]) add(program, run);
  for (const add of [addVectors, addExplore, addGuide]) add(program, run);
  return program;
}

/** The one line that any error becomes. */
function lineOf(error: unknown): string {
  if (error instanceof InputError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `shadowfold: internal error: ${text.split("\n", 1)[0] ?? ""}`;
}

/**
 * Runs the program once.
 *
 * @param words  the arguments after the program's name.
 * @returns the exit code: 0; 1 when something differs or a law is violated; 2 for bad usage or
 *   input; 3 when nothing could be judged.
 */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  const run = startRun(terminal);
  try {
    await createProgram(run).parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.err(`${lineOf(error)}\n`);
    return 2;
  }
  return run.exitCode();
}
