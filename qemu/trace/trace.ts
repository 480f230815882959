import type { Line, LineReader, Observation } from "../../audit/trace/observation.ts";
import { foreign, foreignText } from "../../audit/trace/observation.ts";
import type { Trace, TraceFormat } from "../../audit/trace/seen-trace.ts";
import { shortened } from "../../events/log/excerpt.ts";
import { isLinuxLine, startLinuxReader } from "./linux-trace.ts";
import { isQemuLine, readQemuLine } from "./qemu-log.ts";

const formats: Readonly<
  Record<TraceFormat, { readonly start: () => LineReader; readonly is: (text: string) => boolean }>
> = {
  qemu: { start: () => readQemuLine, is: isQemuLine },
  linux: { start: startLinuxReader, is: isLinuxLine },
};
const formatList: readonly TraceFormat[] = ["qemu", "linux"];

/** The trace formats in words. */
export const formatNames: Readonly<Record<TraceFormat, string>> = {
  qemu: "QEMU vtd_* log",
  linux: "Linux trace",
};

const shownUnparsed = 5;

/** No event has so many characters. */
const longestEvent = 4096;

/** The format that a line is of; `undefined` for one that may be any text. */
export const formatOf = (line: string): TraceFormat | undefined =>
  line.length > longestEvent ? undefined : formatList.find((format) => formats[format].is(line));

/** Takes in the lines of a trace, one after the other. */
export interface TraceReader {
  /** @param line  number of the line in its file, from 1. */
  readonly add: (text: string, line: number) => void;
  /** What was read so far; `undefined` while no line was one of a trace. */
  readonly trace: () => Trace | undefined;
}

/** Takes in lines as those of one format. */
interface Reading {
  readonly add: (text: string, line: number) => void;
  readonly trace: () => Trace;
}

function startReading(format: TraceFormat): Reading {
  const read = formats[format].start();
  const observations: Observation[] = [];
  const counts = new Map<string, number>();
  const passed = new Map<string, number>();
  const first: { line: number; text: string }[] = [];
  let [lines, unparsed, understood] = [0, 0, 0];
  const take = (said: Line, text: string, line: number): void => {
    if (said.result === "observed") observations.push(said.observation);
    else if (said.result === "counted" && said.what !== undefined) {
      counts.set(said.what, (counts.get(said.what) ?? 0) + 1);
    } else if (said.result === "foreign") {
      const what = foreign[said.what];
      passed.set(what, (passed.get(what) ?? 0) + 1);
    } else if (said.result === "unparsed") {
      unparsed += 1;
      if (first.length < shownUnparsed) first.push({ line, text: shortened(text) });
    }
    if (said.result === "observed" || said.result === "counted") understood += 1;
  };
  return {
    add: (text, line) => {
      lines += 1;
      if (text === "") return;
      take(text.length > longestEvent ? foreignText : read(text, line), text, line);
    },
    trace: () => ({
      format,
      lines,
      understood,
      observations,
      notObservable: Object.fromEntries(counts),
      unparsed: { count: unparsed, first },
      passedBy: Object.fromEntries(passed),
    }),
  };
}

/** A trace that was taken from a serial line ends its lines as terminals do. */
const unended = (raw: string): string => raw.replace(/\r+$/, "");

/**
 * Starts to read a trace whose format is not known yet. The first line that is one of a trace tells
 * it, however much other text comes before.
 */
export function startTrace(): TraceReader {
  let known: Reading | undefined;
  const readings = formatList.map((format) => ({ format, reading: startReading(format) }));
  return {
    add: (raw, line) => {
      const text = unended(raw);
      if (known === undefined) {
        const format = formatOf(text);
        for (const each of readings) {
          each.reading.add(text, line);
          if (each.format === format) known = each.reading;
        }
      } else known.add(text, line);
    },
    trace: () => known?.trace(),
  };
}

/** Reads a whole trace of a known format. For tests and small files. */
export function traceOf(format: TraceFormat, lines: readonly string[]): Trace {
  const { add, trace } = startReading(format);
  for (const [index, text] of lines.entries()) add(unended(text), index + 1);
  return trace();
}
