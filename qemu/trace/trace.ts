import { shortened } from "../../events/log/excerpt.ts";
import { isLinuxLine, readLinuxLine } from "./linux-trace.ts";
import type { Line, LineReader, Observation } from "./observation.ts";
import { isQemuLine, readQemuLine } from "./qemu-log.ts";

/** Which program wrote a trace. */
export type TraceFormat = "qemu" | "linux";

/** Lines that are not understood: how many, and the first of them, cut. */
export interface Unparsed {
  readonly count: number;
  readonly first: readonly { readonly line: number; readonly text: string }[];
}

/** A trace that was read. */
export interface Trace {
  readonly format: TraceFormat;
  readonly lines: number;
  readonly observations: readonly Observation[];
  /** How often something cannot be judged, by what. */
  readonly notObservable: Readonly<Record<string, number>>;
  readonly unparsed: Unparsed;
}

const formats: Readonly<
  Record<TraceFormat, { readonly read: LineReader; readonly is: (text: string) => boolean }>
> = {
  qemu: { read: readQemuLine, is: isQemuLine },
  linux: { read: readLinuxLine, is: isLinuxLine },
};

/** The trace formats in words. */
export const formatNames: Readonly<Record<TraceFormat, string>> = {
  qemu: "QEMU vtd_* log",
  linux: "Linux trace",
};

/** Lines at the beginning of a file by which its format is recognised. */
const examined = 200;
const shownUnparsed = 5;

/** The format of a file with these first lines; `undefined` when it is no trace. */
export function formatOf(lines: readonly string[]): TraceFormat | undefined {
  const head = lines.slice(0, examined);
  const names: readonly TraceFormat[] = ["qemu", "linux"];
  return names.find((format) => head.some((line) => formats[format].is(line)));
}

/** Takes in the lines of a trace, one after the other. */
export interface TraceReader {
  /** @param line  number of the line in its file, from 1. */
  readonly add: (text: string, line: number) => void;
  /** What was read so far. */
  readonly trace: () => Trace;
}

/** Starts to read a trace. */
export function startTrace(format: TraceFormat): TraceReader {
  const { read } = formats[format];
  const observations: Observation[] = [];
  const counts = new Map<string, number>();
  const first: { line: number; text: string }[] = [];
  let [lines, unparsed] = [0, 0];
  const take = (said: Line, text: string, line: number): void => {
    if (said.result === "observed") observations.push(said.observation);
    else if (said.result === "counted" && said.what !== undefined) {
      counts.set(said.what, (counts.get(said.what) ?? 0) + 1);
    } else if (said.result === "unparsed") {
      unparsed += 1;
      if (first.length < shownUnparsed) first.push({ line, text: shortened(text) });
    }
  };
  return {
    add: (raw, line) => {
      lines += 1;
      // A trace that was taken from a serial line ends its lines as terminals do.
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (text !== "") take(read(text, line), text, line);
    },
    trace: () => ({
      format,
      lines,
      observations,
      notObservable: Object.fromEntries(counts),
      unparsed: { count: unparsed, first },
    }),
  };
}

/** Reads a whole trace. For tests and small files. */
export function traceOf(format: TraceFormat, lines: readonly string[]): Trace {
  const { add, trace } = startTrace(format);
  for (const [index, text] of lines.entries()) add(text, index + 1);
  return trace();
}
