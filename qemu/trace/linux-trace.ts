import { parseSourceId } from "../../events/address.ts";
import type { Line, LineReader, Observation } from "./observation.ts";
import { header, notObservable, observed, plain, unparsed } from "./observation.ts";

/**
 * Lines of Linux's trace: `/sys/kernel/tracing/trace` and `trace_pipe`, the text of `trace-cmd
 * report`, and that of `perf script`. Each has the task, the CPU, mostly five letters of flags, the
 * time, the event and its fields.
 */
const task =
  /^\s*(?<task>\S.*?)(?:-|\s+)(?<pid>\d+|<\.{3}>)\s+(?:\([\s\d-]+\)\s+)?\[(?<cpu>\d+)\]\s+/;
const place = /(?:(?<flags>[^\s:]{4,6})\s+)?(?<time>\d+\.\d+):\s+(?:(?<group>\w+):)?(?<event>\w+):/;
const eventLine = new RegExp(`${task.source}${place.source}\\s*(?<fields>.*)$`);

const lostLine = /\[LOST (\d+) EVENTS\]|^CPU:?\s*\d+ \[(\d+) EVENTS DROPPED\]/;
const overwritten = /^#\s*entries-in-buffer\/entries-written:\s*(\d+)\/(\d+)/;
const headers = /^(#|cpus=\d+|version = \d|CPU \d+ is empty|trace-cmd version|\s*$)/;

/** A match whose groups are all there; throws RangeError where a line has another form. */
function fieldsOf(pattern: RegExp, text: string): readonly string[] {
  const match = pattern.exec(text);
  if (match === null) throw new RangeError(text);
  return match.slice(1).map((group) => group ?? "");
}

function sourceOf(text: string): number {
  const source = parseSourceId(text);
  if (source === undefined) throw new RangeError(text);
  return source;
}

interface Event {
  readonly fields: string;
  readonly line: number;
  readonly context: string;
}

type Reader = (event: Event) => Line | Observation;

const mapping =
  (change: "map" | "unmap", pattern: RegExp, ordered: boolean): Reader =>
  ({ fields, line, context }) => {
    const [first = "", size = ""] = fieldsOf(pattern, fields);
    const start = BigInt(first);
    if (size === "0") return plain;
    const end = start + BigInt(size);
    return { kind: "mappingChanged", line, change, first: start, end, context, ordered };
  };

const moved =
  (attached: boolean): Reader =>
  ({ fields, line, context }) => {
    const [device = ""] = fieldsOf(/device=(\S+)/, fields);
    return { kind: "deviceMoved", line, attached, source: sourceOf(device), context };
  };

const iommuMap = /iova=(0x[0-9a-f]+) .*\bsize=(\d+)/;
const iommuUnmap = /iova=(0x[0-9a-f]+) .*\bunmapped_size=(\d+)/;
const dmaRange = /dev_addr=(0x[0-9a-f]+) .*?\bsize=(\d+)/;
const submission = /^(\w+) (\S+): (0x[0-9a-f]+) (0x[0-9a-f]+) (0x[0-9a-f]+) (0x[0-9a-f]+)/;
const flushRange = /(\S+)\[\d+\] type (\w+) did (\d+) \[(0x[0-9a-f]+)-(0x[0-9a-f]+)\]/;
const flushAll = /\/(\S+) type (\w+) did (\d+)/;

/** Since Linux 6.9: a line for each cache that a flush concerns. */
const flushAsked =
  (pattern: RegExp, onMap: boolean): Reader =>
  ({ fields, line, context }) => {
    const [device = "", type = "", domain = "", from, to] = fieldsOf(pattern, fields);
    const isDevice = type.endsWith("devtlb");
    // What was not mapped before no device has kept.
    if (onMap && isDevice) return plain;
    const cache = isDevice ? "deviceTlb" : "iotlb";
    const source = isDevice ? sourceOf(device) : undefined;
    const [first, end] = [BigInt(from ?? 0), BigInt(to ?? (1n << 64n) - 1n) + 1n];
    return { kind: "flushAsked", line, cache, did: Number(domain), source, first, end, context };
  };

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    "qi_submit",
    ({ fields, line, context }) => {
      const [, unit = "", ...parts] = fieldsOf(submission, fields);
      const [low = 0n, high = 0n, third = 0n, fourth = 0n] = parts.map(BigInt);
      const words = (high << 64n) | low;
      const upper = (fourth << 64n) | third;
      return { kind: "invalidated", line, words, upper, via: "queue", unit, context };
    },
  ],
  ["map", mapping("map", iommuMap, true)],
  ["unmap", mapping("unmap", iommuUnmap, true)],
  // The driver's own events, before Linux 5.12, come after what they tell of is done.
  ["map_single", mapping("map", dmaRange, false)],
  ["bounce_map_single", mapping("map", dmaRange, false)],
  ["map_sg", mapping("map", dmaRange, false)],
  ["bounce_map_sg", mapping("map", dmaRange, false)],
  ["unmap_single", mapping("unmap", dmaRange, false)],
  ["bounce_unmap_single", mapping("unmap", dmaRange, false)],
  ["unmap_sg", mapping("unmap", dmaRange, false)],
  ["attach_device_to_domain", moved(true)],
  ["detach_device_from_domain", moved(false)],
  [
    "io_page_fault",
    ({ fields, line }) => {
      const [device = "", iova = ""] = fieldsOf(/(\S+) iova=(0x[0-9a-f]+)/, fields);
      const source = sourceOf(device);
      return { kind: "faulted", line, source, iova: BigInt(iova), reason: undefined };
    },
  ],
  ["cache_tag_flush_range", flushAsked(flushRange, false)],
  ["cache_tag_flush_range_np", flushAsked(flushRange, true)],
  ["cache_tag_flush_all", flushAsked(flushAll, false)],
  ["cache_tag_assign", () => plain],
  ["cache_tag_unassign", () => plain],
  ["add_device_to_group", () => plain],
  ["remove_device_from_group", () => plain],
  ["prq_report", () => notObservable("page request: what the guest answers is in its queue")],
]);

/** Whose events come one after the other: a task, or on a CPU what interrupts it. */
function contextOf(groups: Readonly<Record<string, string | undefined>>): string {
  const { task: name = "", pid = "", cpu = "", flags = "" } = groups;
  const level = /[hHsZz]/.exec(flags.slice(2, 3))?.[0];
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

/** Reads a line of Linux's trace. */
export const readLinuxLine: LineReader = (text, line) => {
  const { groups } = eventLine.exec(text) ?? {};
  if (groups === undefined) return lost(text, line) ?? (headers.test(text) ? header : unparsed);
  const reader = readers.get(groups["event"] ?? "");
  // Another subsystem's event is no concern of this one.
  if (reader === undefined) return plain;
  try {
    const said = reader({ fields: groups["fields"] ?? "", line, context: contextOf(groups) });
    return "result" in said ? said : observed(said);
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return unparsed;
    throw error;
  }
};

/** Whether a line is one of a Linux trace, be it a header. */
export const isLinuxLine = (text: string): boolean =>
  /^# tracer: /.test(text) || /^cpus=\d+$/.test(text) || eventLine.test(text);
