import type { Command } from "commander";
import { headBytes } from "../../events/acpi/read-dmar.ts";
import { NestingError, parseJson } from "../../events/json.ts";
import type { Explanation } from "../../explain/explain.ts";
import { explainLines, explainTable } from "../../explain/explain.ts";
import { isDmarTable } from "../../explain/finding/acpi-finding.ts";
import { journalMessage } from "../../explain/pasted-line.ts";
import { InputError } from "../input-error.ts";
import { checkTarget } from "../part-file.ts";
import type { PasteSource } from "../paste-source.ts";
import { openPaste, pasteText } from "../paste-source.ts";
import { explanationJson, renderExplanation } from "../render/explain.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import type { StateOptions } from "./explain-state.ts";
import { writeState } from "./explain-state.ts";

interface Options extends StateOptions {
  readonly json?: true;
  readonly unrecognised?: true;
  readonly force?: true;
}

/** A table as firmware has it begins with its signature and has zero bytes. */
function isTable(bytes: Uint8Array): boolean {
  const signature = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  return isDmarTable(signature) && bytes.length >= headBytes && bytes.includes(0);
}

/** Why a file that is JSON is none of what is explained; `undefined` for any other text. */
function jsonReason(text: string): string | undefined {
  const first = text.trimStart().slice(0, 1);
  if (first !== "{" && first !== "[") return undefined;
  const line = text.trimStart().split("\n", 1)[0] ?? "";
  if (journalMessage(line) !== undefined) return undefined;
  try {
    parseJson(first === "[" ? text : line);
  } catch (error) {
    if (error instanceof NestingError) return error.message;
    return undefined;
  }
  const isLog = /^\s*\{\s*"(?:shadowfold|recording)"/.test(line);
  return isLog
    ? "is a log of Shadowfold's: replay, why and translate read it"
    : "is JSON, and none of what explain reads";
}

/** That nothing was understood, and what is there instead. */
function nothing(file: string, { foreign, lines }: Explanation, text: string): InputError {
  if (foreign.length > 0) {
    const whose = foreign.join(", ");
    return new InputError(
      `${file}: has lines of ${whose} alone; explain reads those of Intel's VT-d`,
    );
  }
  const reason = jsonReason(text);
  if (reason !== undefined) return new InputError(`${file}: ${reason}`);
  const count = lines.all.toString();
  const what = "kernel lines, debugfs files, Xen's or QEMU's messages, and DMAR tables are";
  return new InputError(`${file}: nothing in its ${count} lines is understood; ${what}`);
}

function explanationOf(file: string, { bytes }: PasteSource): Explanation {
  if (isTable(bytes)) return explainTable({ bytes });
  const text = pasteText(bytes);
  const deep = jsonReason(text);
  if (deep !== undefined) throw new InputError(`${file}: ${deep}`);
  const explanation = explainLines(text.split(/\r?\n|\r/));
  if (!explanation.isUnderstood) throw nothing(file, explanation, text);
  return explanation;
}

async function explain(run: Run, file: string, options: Options): Promise<void> {
  const { state, unit, json, force } = options;
  if (state !== undefined) await checkTarget(run.terminal, { file: state, from: file, force });
  if (unit !== undefined && state === undefined) {
    throw new InputError("--unit: says of which unit --state is to be; add --state");
  }
  const source = await openPaste(file);
  const explanation = explanationOf(file, source);
  const said = await writeState(file, explanation.evidence, options);
  const told = { ...explanation, notes: [...explanation.notes, ...said] };
  const { terminal } = run;
  // On standard output a state is alone.
  if (state !== "-") {
    terminal.out(
      json
        ? renderJson(explanationJson(file, told))
        : renderExplanation(terminal, told, options.unrecognised === true),
    );
  }
  if (explanation.onlyTraces) run.learnNothing();
  if (source.failure !== undefined) run.fail(source.failure);
}

/** Adds `explain FILE`. */
export function addExplain(program: Command, run: Run): void {
  program
    .command("explain")
    .summary("explain what was pasted: kernel lines, dumps, debugfs files, ACPI tables")
    .description(
      "Explains text that somebody has: Linux's and Xen's lines about VT-d and the tables that " +
        "they dump, QEMU's messages, the files of Linux's debugfs, and DMAR tables as binary, as " +
        "acpidump's text or as a disassembly; in any mixture, with other text between them. For " +
        "each fault it tells what the hardware complained of, walks the dump that is there and " +
        "says whether that justifies the fault, what usually leads there, and what to record " +
        "next. What is not in a dump is not known. Exit code 0: something was understood; 2: " +
        "nothing was, or the file cannot be read to its end; 3: all that was is lines of a trace.",
    )
    .argument("<file>", "text or table, gzipped or not; - is standard input")
    .option("--unrecognised", "show the lines that are not understood, too")
    .option("--state <out>", "write the state that debugfs shows as a log, for translate and why")
    .option("--unit <name>", "the unit that --state is of, as debugfs names it, like dmar0")
    .option("--force", "replace what --state names if it is there already")
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  dmesg | shadowfold explain -\n  shadowfold explain debugfs.txt --state " +
        "state.ndjson",
    )
    .action((file: string, options: Options) => explain(run, file, options));
}
