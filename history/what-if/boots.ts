import type { Input } from "../../events/input.ts";
import type { Chunk } from "../columns/chunk.ts";
import { hasEvent } from "../columns/chunk.ts";
import { eventNumbers } from "../columns/event-column.ts";
import { scanAll } from "../columns/scan.ts";
import { inputAt } from "../timeline/input-store.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";

/** Inputs of a run from one beginning of its unit or guest up to the next, by their places. */
export interface Boot {
  readonly from: number;
  /** The place after the last one. */
  readonly to: number;
}

const beginnings = eventNumbers(["UnitReset", "UnitCreate", "UnitRestore", "RootPointerLatched"]);
/** Runs that begin more often are not taken apart. */
const mostBoots = 64;

/** A run taken apart where its unit was reset, made or restored, or was given another root. */
export function bootsOf(timeline: Timeline): readonly Boot[] {
  const { columns, inputs } = timeline;
  const wanted = {
    mayBeIn: (chunk: Chunk) => hasEvent(chunk, beginnings),
    isAt: (chunk: Chunk, at: number) => beginnings.includes(chunk.event[at] as number),
  };
  const starts = [0];
  for (const seq of scanAll(columns, { from: 1, to: columns.count }, wanted)) {
    const place = inputPlace(timeline, seq);
    if (place > (starts.at(-1) ?? 0)) starts.push(place);
    if (starts.length > mostBoots) return [{ from: 0, to: inputs.count }];
  }
  return starts.map((from, index) => ({ from, to: starts[index + 1] ?? inputs.count }));
}

/** What an input does, wherever: another boot of one guest has other addresses. */
export function shapeOf(input: Input): string {
  switch (input.type) {
    case "RegisterWrite":
    case "RegisterRead":
      return `${input.type} ${input.offset.toString()} ${input.size.toString()}`;
    case "MemoryWrite":
      return `${input.type} ${input.bytes.length.toString()}`;
    case "Dma":
    case "DmaIssue":
      return `${input.type} ${input.device.toString()} ${input.access ?? ""}`;
    case "Note":
      return `${input.type} ${input.text}`;
    default:
      return input.type;
  }
}

/** How often a boot has inputs of each shape. */
function shapesOf({ inputs }: Timeline, { from, to }: Boot): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let place = from; place < to; place++) {
    const input = inputAt(inputs, place);
    if (input === undefined) continue;
    const shape = shapeOf(input);
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  return counts;
}

/** How much two boots have in common, from 0 to 1. */
function likeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let [common, all] = [0, 0];
  for (const shape of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(shape) ?? 0, b.get(shape) ?? 0];
    common += Math.min(one, other);
    all += Math.max(one, other);
  }
  return all === 0 ? 0 : common / all;
}

/** Boots of two runs that stand for each other, by their numbers; or one that has no partner. */
export interface BootPair {
  readonly left: Boot | undefined;
  readonly right: Boot | undefined;
}

/** Pairs boots so that those which stand for each other have the most in common, in order. */
export function pairBoots(
  [left, ones]: readonly [Timeline, readonly Boot[]],
  [right, others]: readonly [Timeline, readonly Boot[]],
): readonly BootPair[] {
  const [shapes, otherShapes] = [
    ones.map((boot) => shapesOf(left, boot)),
    others.map((boot) => shapesOf(right, boot)),
  ];
  const empty: ReadonlyMap<string, number> = new Map();
  const like = ones.map((_, at) =>
    others.map((_other, to) => likeness(shapes[at] ?? empty, otherShapes[to] ?? empty)),
  );
  // What the boots from two numbers on have in common at best.
  const best = [...ones, undefined].map(() => new Float64Array(others.length + 1));
  const bestAt = (at: number, to: number): number => best[at]?.[to] ?? 0;
  const paired = (at: number, to: number): number => (like[at]?.[to] ?? 0) + bestAt(at + 1, to + 1);
  for (let at = ones.length - 1; at >= 0; at--) {
    for (let to = others.length - 1; to >= 0; to--) {
      const most = Math.max(paired(at, to), bestAt(at + 1, to), bestAt(at, to + 1));
      (best[at] as Float64Array)[to] = most;
    }
  }
  const pairs: BootPair[] = [];
  let [at, to] = [0, 0];
  while (at < ones.length || to < others.length) {
    const isPair = at < ones.length && to < others.length && paired(at, to) >= bestAt(at, to);
    const isLeft = !isPair && at < ones.length && bestAt(at + 1, to) >= bestAt(at, to);
    pairs.push({
      left: isPair || isLeft ? ones[at] : undefined,
      right: isPair || !isLeft ? others[to] : undefined,
    });
    if (isPair || isLeft) at += 1;
    if (isPair || !isLeft) to += 1;
  }
  return pairs;
}
