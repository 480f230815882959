import type { Line, Observation } from "../../audit/trace/observation.ts";
import { notObservable, plain } from "../../audit/trace/observation.ts";
import { parseSourceId } from "../../events/address.ts";

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

/** How to read the fields of each event, by its name. */
export const linuxEvents: ReadonlyMap<string, Reader> = new Map<string, Reader>([
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
      const asked = /(\S+) iova=(0x[0-9a-f]+)(?: flags=(0x[0-9a-f]+))?/;
      const [device = "", iova = "", flags = ""] = fieldsOf(asked, fields);
      const access = flags === "" ? undefined : (BigInt(flags) & 1n) === 1n ? "write" : "read";
      return { kind: "faulted", line, source: sourceOf(device), iova: BigInt(iova), access };
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
