import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Command } from "commander";
import { debuggerPage, pageWithLog } from "../../debugger-page.ts";
import { fileError, InputError } from "../../input-error.ts";
import { checkTarget, forceOption } from "../../part-file.ts";
import { startProgress } from "../../progress.ts";
import { openSource } from "../../read.ts";
import type { Run } from "../../run.ts";
import { saveTexts } from "../../save-texts.ts";
import { endedEarly } from "./export-log.ts";

interface Options {
  readonly out: string;
  readonly force?: true;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** A page's text has to be one string, and browsers have to unpack it. */
const mostBytes = 256 * 2 ** 20;

async function packed(file: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(file);
    return isGzip(bytes) ? bytes : await promisify(gzip)(bytes, { level: 9 });
  } catch (error) {
    throw fileError(file, error);
  }
}

/**
 * Reads a log to its end, since the page has all of it, good or not.
 *
 * @returns why what is good of it ends before.
 * @throws InputError when nothing of it is.
 */
async function readToEnd(run: Run, file: string): Promise<InputError | undefined> {
  const source = await openSource(file);
  const progress = startProgress(run.terminal, file);
  try {
    for await (const _batch of source.batches) progress.at(source.progress());
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  } finally {
    progress.done();
    await source.close();
  }
  return undefined;
}

async function exportHtml(run: Run, file: string, { out, force }: Options): Promise<void> {
  if (file === "-") throw new InputError("export html needs a file, not a pipe");
  const failure = await readToEnd(run, file);
  const bytes = await packed(file);
  if (bytes.length > mostBytes) {
    throw new InputError(`${file}: more than 256 MiB gzipped; use shadowfold debug`);
  }
  const page = pageWithLog(debuggerPage(), basename(file), bytes);
  if (out === "-") run.terminal.out(page);
  else {
    await checkTarget(run.terminal, { file: out, from: file, force });
    const unsaved = saveTexts({ [out]: page });
    if (unsaved !== undefined) throw unsaved;
  }
  if (failure !== undefined) run.fail(endedEarly(failure, out));
}

/** Adds `export html FILE` to what exports. */
export function addExportHtml(group: Command, run: Run): void {
  group
    .command("html")
    .summary("the debugger and a log as one page")
    .description(
      "Writes one HTML file that has the log and the debugger in it. It opens in any browser " +
        "without a server and without a network.",
    )
    .argument("<file>", "log or recording, gzipped or not")
    .requiredOption("-o, --out <file>", "the page to write; - is standard output")
    .option(...forceOption)
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold export html recordings/linux-vfio-edu.jsonl.gz -o run.html",
    )
    .action((file: string, options: Options) => exportHtml(run, file, options));
}
