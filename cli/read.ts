import type { TraceFormat } from "../audit/trace/seen-trace.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { parseEvent, parseHeader } from "../events/log/log.ts";
import { isEnd } from "../events/log/log-end.ts";
import { LogError } from "../events/log/log-error.ts";
import { openRecording } from "../events/log/recording.ts";
import type { Setup } from "../events/setup.ts";
import { formatNames, formatOf } from "../qemu/trace/trace.ts";
import { InputError, lineError } from "./input-error.ts";
import type { LineBatch } from "./lines.ts";
import { garbledError, notText } from "./lines.ts";
import type { OpenedLines } from "./opened-lines.ts";
import { beginsWithJson, openLines, withKind } from "./opened-lines.ts";
import { pasteHint } from "./paste-hint.ts";

/** An input and the line that it stands on, from 1; a recording has no sequence numbers. */
export interface InputEntry {
  readonly line: number;
  readonly seq: number | undefined;
  readonly input: Input;
}

/** A recorded fact. */
export interface FactEntry {
  readonly line: number;
  readonly seq: number;
  readonly cause: number;
  readonly fact: Fact;
}

export type Entry = InputEntry | FactEntry;

/** A log or a recording whose first line has been read. */
export interface Source {
  readonly file: string;
  readonly kind: "log" | "recording";
  readonly setup: Setup;
  /** The model that wrote a log, as it says. */
  readonly model: string | undefined;
  /** Whether a log's last line, which counts its events, has been read. */
  readonly hasEnded: () => boolean;
  /**
   * Everything after the first line, in order, some at a time. Can be gone through once.
   *
   * @throws InputError naming file, line and reason, after everything that is good before it.
   */
  readonly batches: AsyncGenerator<readonly Entry[], void>;
  /** How much of the file has been read, 0 to 1; `undefined` for a pipe. */
  readonly progress: () => number | undefined;
  /** Closes the file, for who does not go through the batches. */
  readonly close: () => Promise<void>;
}

/** The entries of one line. */
type Parse = (line: string, lineNumber: number) => readonly Entry[];

interface Opened {
  readonly kind: Source["kind"];
  readonly setup: Setup;
  readonly model: string | undefined;
  readonly hasEnded: () => boolean;
  readonly parse: Parse;
}

function openFirst(line: string): Opened {
  if (/^\s*\{\s*"recording"/.test(line)) {
    const { setup, read } = openRecording(line);
    const parse: Parse = (text, at) =>
      read(text, at).map((input) => ({ line: at, seq: undefined, input }));
    return { kind: "recording", setup, model: undefined, parse, hasEnded: () => false };
  }
  const { setup, version, model } = parseHeader(line);
  let after = 0;
  let hasEnded = false;
  const parse: Parse = (text, at) => {
    if (hasEnded) throw new LogError(at, "a line after the log's end");
    hasEnded = isEnd(text, at, after);
    if (hasEnded) return [];
    const event = parseEvent(text, at, after, version);
    after = event.seq;
    return [{ line: at, ...event }];
  };
  return { kind: "log", setup, model, parse, hasEnded: () => hasEnded };
}

/**
 * Hands on what a step yields or returns; an unreadable line becomes an error that names the file.
 */
function located<T>(file: string, step: () => T, told = (reason: string) => reason): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof LogError) throw lineError(file, error.line, told(error.reason));
    throw error;
  }
}

/** The entries of some lines, and the error that the first bad line among them is. */
function parseBatch(
  file: string,
  batch: LineBatch,
  parse: Parse,
): { entries: Entry[]; failure: unknown } {
  const entries: Entry[] = [];
  try {
    for (const [index, line] of batch.lines.entries()) {
      const at = batch.first + index;
      if (index === batch.garbled) throw garbledError(file, at);
      for (const entry of located(file, () => parse(line, at))) entries.push(entry);
    }
  } catch (error) {
    // What was cut off is told by the error that follows; half a line is no second one.
    return { entries, failure: batch.cut ? undefined : error };
  }
  return { entries, failure: undefined };
}

async function* entriesOf(
  file: string,
  head: LineBatch,
  rest: AsyncIterable<LineBatch>,
  parse: Parse,
  close: () => Promise<void>,
): AsyncGenerator<readonly Entry[], void> {
  try {
    const first = parseBatch(file, head, parse);
    if (first.entries.length > 0) yield first.entries;
    if (first.failure !== undefined) throw first.failure;
    for await (const batch of rest) {
      const { entries, failure } = parseBatch(file, batch, parse);
      if (entries.length > 0) yield entries;
      if (failure !== undefined) throw failure;
    }
  } finally {
    await close();
  }
}

/**
 * What opened lines are, unless a trace.
 *
 * @param hint  what to say besides where they are neither log nor recording.
 * @throws InputError, see openSource.
 */
export function sourceOf(
  opened: OpenedLines,
  hint: (lines: readonly string[]) => string = () => "",
): Source {
  const { file, head, rest, progress, close } = opened;
  const { garbled } = head;
  if (garbled === 0) throw lineError(file, 1, withKind(notText, opened));
  const [first = "", ...others] = head.lines;
  const told = (reason: string): string =>
    withKind(`${reason}${beginsWithJson(opened) ? "" : hint(head.lines)}`, opened);
  const { kind, setup, model, parse, hasEnded } = located(file, () => openFirst(first), told);
  const later = garbled === undefined ? {} : { garbled: garbled - 1 };
  const rows = { first: 2, lines: others, cut: false, ...later };
  const batches = entriesOf(file, rows, rest, parse, close);
  return { file, kind, setup, model, hasEnded, batches, progress, close };
}

/** The format of a trace whose first lines these are, if one of them is a line of a trace. */
const firstFormat = (lines: readonly string[]): TraceFormat | undefined =>
  lines.map(formatOf).find((format) => format !== undefined);

/**
 * Opens a log or a recording, told apart by the first line; gzipped or not, told by the first
 * bytes; `-` is standard input.
 *
 * @param through  sees the lines before they are read as what they say.
 * @throws InputError in one line when it cannot be read, is empty, starts with neither, or is a
 *   trace: that has no guest memory, so there is nothing to fold.
 */
export async function openSource(
  file: string,
  through: (opened: OpenedLines) => OpenedLines = (opened) => opened,
): Promise<Source> {
  const opened = through(await openLines(file));
  try {
    const format = beginsWithJson(opened) ? undefined : firstFormat(opened.head.lines);
    if (format === undefined) return sourceOf(opened, pasteHint);
    const name = formatNames[format];
    throw new InputError(`${file}: is a ${name}: no guest memory to fold; use replay or trace`);
  } catch (error) {
    await opened.close();
    throw error;
  }
}
