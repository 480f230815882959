import type { Line, LineReader } from "../../audit/trace/observation.ts";
import {
  foreignEvent,
  foreignText,
  header,
  observed,
  unparsed,
} from "../../audit/trace/observation.ts";
import { linuxEvents } from "./linux-event.ts";

/**
 * Lines of Linux's trace: `/sys/kernel/tracing/trace` and `trace_pipe`, the text of `trace-cmd
 * report`, and that of `perf script`. Each has the task, the CPU, mostly four to seven letters of
 * flags, the time, the event and its fields.
 */
const task =
  /^\s*(?<task>\S.*?)(?:-|\s+)(?<pid>\d+|<\.{3}>)\s+(?:\([\s\d-]+\)\s+)?\[(?<cpu>\d+)\]\s+/;
const place =
  /(?:(?<flags>[^\s:]{4,12})\s+)?(?<time>\d+\.\d+):\s+(?:(?<group>\w+):)?(?<event>\w+):/;
const eventLine = new RegExp(`${task.source}${place.source}\\s*(?<fields>.*)$`);

const lostLine = /\[LOST (\d+) EVENTS\]|^CPU:?\s*\d+ \[(\d+) EVENTS DROPPED\]/;
const overwritten = /^#\s*entries-in-buffer\/entries-written:\s*(\d+)\/(\d+)/;
/** The header of the flags: from the first column on, each has a line that says what it is. */
const flagColumn = /^#[^=]*=> (?<name>\S.*)$/;
const firstColumn = /^irqs-off/;
const headers = /^(#|cpus=\d+|version = \d|CPU \d+ is empty|trace-cmd version|\s*$)/;

/** What interrupts a task, as the third flag says, or where the header puts it. */
const levels = /[hHsZz]/;
const levelColumn = "hardirq/softirq";

/**
 * Whose events come one after the other: a task, or on a CPU what interrupts it.
 *
 * @param columns  the names of the flags, as far as the header had them.
 */
function contextOf(
  groups: Readonly<Record<string, string | undefined>>,
  columns: readonly string[],
): string {
  const { task: name = "", pid = "", cpu = "", flags = "" } = groups;
  const at = columns.length === flags.length ? columns.indexOf(levelColumn) : -1;
  // Without a header: the flags before it have no such letters, those after it are numbers.
  const level = levels.exec(at < 0 ? flags.slice(2) : flags.slice(at, at + 1))?.[0];
  const who = pid === "0" || level !== undefined ? `CPU ${Number(cpu).toString()}` : name;
  return `${who}-${pid}${level === undefined ? "" : ` ${level.toLowerCase()}`}`;
}

function lost(text: string, line: number): Line | undefined {
  const dropped = lostLine.exec(text);
  if (dropped !== null) {
    return observed({ kind: "eventsLost", line, count: Number(dropped[1] ?? dropped[2]) });
  }
  const [, kept = 0, written = 0] = (overwritten.exec(text) ?? []).map(Number);
  if (kept === written) return undefined;
  return observed({ kind: "eventsLost", line, count: written - kept });
}

/** An event of this trace is named, or the kernel speaks of the unit: worth being shown. */
const names = [...linuxEvents.keys()].filter((name) => name.includes("_")).join("|");
const telling = new RegExp(`\\b(${names}): |map: IOMMU: |\\bDMAR\\b|\\biommu\\b`, "i");

/** What a line is that is no event. */
function otherLine(text: string, line: number): Line {
  const said = lost(text, line);
  if (said !== undefined) return said;
  if (headers.test(text)) return header;
  return telling.test(text) ? unparsed : foreignText;
}

/** Starts to read the lines of Linux's trace, in order: a header says what the flags are. */
export function startLinuxReader(): LineReader {
  let columns: string[] = [];
  return (text, line) => {
    const column = flagColumn.exec(text)?.groups?.["name"];
    if (column !== undefined) {
      if (firstColumn.test(column)) columns = [];
      columns.push(column);
      return header;
    }
    const { groups } = eventLine.exec(text) ?? {};
    if (groups === undefined) return otherLine(text, line);
    const reader = linuxEvents.get(groups["event"] ?? "");
    // Another subsystem's event is no concern of this one.
    if (reader === undefined) return foreignEvent;
    try {
      const context = contextOf(groups, columns);
      const said = reader({ fields: groups["fields"] ?? "", line, context });
      return "result" in said ? said : observed(said);
    } catch (error) {
      if (error instanceof RangeError || error instanceof SyntaxError) return unparsed;
      throw error;
    }
  };
}

/** Whether a line is one of a Linux trace, be it a header. */
export const isLinuxLine = (text: string): boolean =>
  /^# tracer: /.test(text) || /^cpus=\d+$/.test(text) || eventLine.test(text);
