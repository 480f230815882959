import type { Trace, TraceFormat } from "../qemu/trace/trace.ts";
import { startTrace } from "../qemu/trace/trace.ts";
import { InputError } from "./input-error.ts";
import type { OpenedLines } from "./opened-lines.ts";
import { openLines, traceFormatOf } from "./opened-lines.ts";
import { startProgress } from "./progress.ts";
import type { Source } from "./read.ts";
import { sourceOf } from "./read.ts";
import type { Terminal } from "./terminal.ts";

/** A trace whose format is known. */
export interface TraceSource {
  readonly kind: "trace";
  readonly format: TraceFormat;
  readonly opened: OpenedLines;
}

/**
 * Opens a log, a recording or a trace, told apart by the first lines.
 *
 * @throws InputError in one line when it cannot be read, is empty, or is none of them.
 */
export async function openAny(file: string): Promise<Source | TraceSource> {
  const opened = await openLines(file);
  try {
    const format = traceFormatOf(opened);
    return format === undefined ? sourceOf(opened) : { kind: "trace", format, opened };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * Reads a trace to its end.
 *
 * @returns the trace, and why the reading ended before the end of the file.
 */
export async function readTrace(
  { format, opened }: TraceSource,
  terminal: Terminal,
): Promise<{ trace: Trace; failure: InputError | undefined }> {
  const { file, head, rest } = opened;
  const reader = startTrace(format);
  const progress = startProgress(terminal, file);
  try {
    for (const [index, text] of head.lines.entries()) reader.add(text, head.first + index);
    for await (const { first, lines } of rest) {
      progress.at(opened.progress());
      for (const [index, text] of lines.entries()) reader.add(text, first + index);
    }
  } catch (error) {
    if (error instanceof InputError) return { trace: reader.trace(), failure: error };
    throw error;
  } finally {
    progress.done();
    await opened.close();
  }
  return { trace: reader.trace(), failure: undefined };
}

/**
 * Opens a file and reads it as a trace.
 *
 * @throws InputError when it cannot be read or is no trace.
 */
export async function readTraceFile(
  file: string,
  terminal: Terminal,
): Promise<{ trace: Trace; failure: InputError | undefined }> {
  const opened = await openLines(file);
  const format = traceFormatOf(opened);
  if (format !== undefined) return readTrace({ kind: "trace", format, opened }, terminal);
  await opened.close();
  throw new InputError(`${file}: is no QEMU vtd_* log and no Linux trace`);
}
