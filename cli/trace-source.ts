import type { Trace } from "../audit/trace/seen-trace.ts";
import { NestingError, parseJson } from "../events/json.ts";
import { quoted } from "../events/log/excerpt.ts";
import { startTrace } from "../qemu/trace/trace.ts";
import { InputError, lineError } from "./input-error.ts";
import type { LineBatch } from "./lines.ts";
import { notText } from "./lines.ts";
import type { OpenedLines } from "./opened-lines.ts";
import { beginsWithJson, openLines, withKind } from "./opened-lines.ts";
import { pasteHint } from "./paste-hint.ts";
import { startProgress } from "./progress.ts";
import type { Source } from "./read.ts";
import { sourceOf } from "./read.ts";
import type { Terminal } from "./terminal.ts";

/** What is no JSON: a trace, if one of its lines is that of one. */
export interface TraceSource {
  readonly kind: "trace";
  readonly opened: OpenedLines;
}

/** A trace that was read, and why the reading ended before the end of the file. */
export interface ReadTrace {
  readonly trace: Trace;
  readonly failure: InputError | undefined;
}

/**
 * Opens a log, a recording or a trace: what does not begin with a JSON object can only be a trace.
 *
 * @throws InputError in one line when it cannot be read or is empty.
 */
export async function openAny(file: string): Promise<Source | TraceSource> {
  const opened = await openLines(file);
  try {
    return beginsWithJson(opened) ? sourceOf(opened) : { kind: "trace", opened };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** What is wrong with JSON that is nested too deep; any other text has nothing of the kind. */
function nestingOf(text: string): NestingError | undefined {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof NestingError) return error;
  }
  return undefined;
}

/** Why a text is no trace: none of its lines is one of a trace. */
function noTrace(opened: OpenedLines): InputError {
  const { file, head } = opened;
  const { lines, garbled }: LineBatch = head;
  if (garbled === 0) return lineError(file, 1, withKind(notText, opened));
  const nesting = nestingOf(lines[0] ?? "");
  if (nesting !== undefined) return lineError(file, 1, nesting.message);
  const first = quoted(lines[0] ?? "");
  const what = "no log or recording, and no line of it is one of a QEMU or Linux trace";
  return lineError(file, 1, withKind(`not JSON: ${first}: ${what}${pasteHint(lines)}`, opened));
}

/**
 * Reads a trace to its end, whatever other text is before and between its lines.
 *
 * @throws InputError when no line is one of a trace.
 */
export async function readTrace({ opened }: TraceSource, terminal: Terminal): Promise<ReadTrace> {
  const { file, head, rest } = opened;
  const reader = startTrace();
  const progress = startProgress(terminal, file);
  let failure: InputError | undefined;
  try {
    for (const [index, text] of head.lines.entries()) reader.add(text, head.first + index);
    for await (const { first, lines } of rest) {
      progress.at(opened.progress());
      for (const [index, text] of lines.entries()) reader.add(text, first + index);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    failure = error;
  } finally {
    progress.done();
    await opened.close();
  }
  const trace = reader.trace();
  if (trace === undefined) throw failure ?? noTrace(opened);
  if (failure === undefined && trace.understood === 0) failure = notUnderstood(file, trace);
  return { trace, failure };
}

/** That a trace has no line that means anything. */
function notUnderstood(file: string, { unparsed, passedBy }: Trace): InputError {
  const others = Object.entries(passedBy).map(([what, count]) => `${count.toString()} × ${what}`);
  const left = unparsed.count === 0 ? [] : [`${unparsed.count.toString()} × line not understood`];
  const found = [...left, ...others].join(", ");
  return new InputError(`${file}: no line of it is understood${found === "" ? "" : `: ${found}`}`);
}

/**
 * Opens a file and reads it as a trace.
 *
 * @throws InputError when it cannot be read or is no trace.
 */
export async function readTraceFile(file: string, terminal: Terminal): Promise<ReadTrace> {
  const opened = await openLines(file);
  if (!beginsWithJson(opened)) return readTrace({ kind: "trace", opened }, terminal);
  await opened.close();
  throw new InputError(`${file}: is no QEMU vtd_* log and no Linux trace`);
}
