import type { Field } from "../../events/field.ts";
import { FieldError } from "../../events/field.ts";
import type { Composition } from "../../tables/compose.ts";
import { composeSlot } from "../../tables/compose.ts";
import { flagsOf, hasFrame } from "../../tables/mapping.ts";
import type { Node, PageTree, Slot } from "../../tables/page-tree.ts";
import { childOf, collapse, expand, frameUnit, spans, waysAt } from "../../tables/page-tree.ts";
import { manyPlaces } from "../shadow/shadow.ts";

/**
 * What the numbers of a tree are: guest pages with outcomes (`tables/mapping.ts`), IOVA pages
 * (`places`), numbers of events; or nothing, where only the shape of the host's tables is kept.
 */
export type Kind = "guest" | "place" | "event" | "shape";
const kinds: readonly Kind[] = ["guest", "place", "event", "shape"];

const isLinear = (kind: Kind): boolean => kind === "guest" || kind === "place";

/**
 * The nodes of all trees of a record, each once, those below before those above: depth times 4 plus
 * the kind's place in `kinds`; a mask of the slots that are not 0; then these. A number below 0 is
 * a node: minus its place in the list, less one.
 */
export type Rows = (readonly number[])[];

/** Nodes as they are written: what is shared stays shared. */
export interface NodeWriter {
  readonly rows: Rows;
  readonly write: (slot: Slot, depth: number, kind: Kind) => number;
}

export function nodeWriter(): NodeWriter {
  const rows: Rows = [];
  const places: Record<Kind, Map<Node, number>> = {
    guest: new Map(),
    place: new Map(),
    event: new Map(),
    shape: new Map(),
  };
  const write = (slot: Slot, depth: number, kind: Kind): number => {
    if (typeof slot === "number") return kind === "shape" ? 0 : slot;
    const known = places[kind].get(slot);
    if (known !== undefined) return -known - 1;
    const node = expand(slot, depth, isLinear(kind));
    const row = [depth * 4 + kinds.indexOf(kind), 0];
    let mask = 0;
    for (let index = 0; index < node.length; index++) {
      const child = write(node[index] as Slot, depth - 1, kind);
      if (child === 0) continue;
      mask |= 1 << index;
      row.push(child);
    }
    row[1] = mask >>> 0;
    places[kind].set(slot, rows.length);
    rows.push(row);
    return -rows.length;
  };
  return { rows, write };
}

const refuse = (why: string): never => {
  throw new FieldError(why);
};

/** IOVA pages have up to 45 bits; in units of `frameUnit` they are exact all the same. */
const largest = 2 ** 56;

/** Whether a number may stand in a slot of a depth. */
function isNumber(value: number, depth: number, kind: Kind): boolean {
  if (!Number.isInteger(value) || value < 0 || value > largest) return false;
  if (kind === "shape") return value === 0;
  if (kind === "event") return Number.isSafeInteger(value);
  const flags = flagsOf(value);
  const last = hasFrame(value) ? value + (spans[depth] as number) * frameUnit : value;
  if (kind === "place") return last <= largest && (flags === 0 || value === manyPlaces);
  const isMapping = (flags & 7) < 7 && ((flags >> 3) & 7) < 7 && flags >> 6 < 5;
  return isMapping && last <= Number.MAX_SAFE_INTEGER;
}

/** One row, taken apart: a child for each slot of a node. */
interface Row {
  readonly depth: number;
  readonly kind: Kind;
  readonly children: readonly number[];
}

function rowOf(raw: readonly number[]): Row {
  const [code = 0, mask = 0, ...given] = raw;
  const depth = Math.floor(code / 4);
  const kind = kinds[code % 4] ?? refuse("a node is of no kind");
  if (depth < 1 || depth > 10) refuse("a node is of no depth");
  const ways = waysAt(depth - 1);
  const children = new Array<number>(ways).fill(0);
  let next = 0;
  for (let index = 0; index < 32; index++) {
    if (((mask >>> index) & 1) === 0) continue;
    if (index >= ways) refuse("a node has too many slots");
    children[index] = given[next] ?? refuse("a node has too few slots");
    next += 1;
  }
  if (next !== given.length) refuse("a node has too many slots");
  return { depth, kind, children };
}

/** Nodes as they are read: each made once. */
export interface NodeReader {
  /** @throws FieldError when the number stands for nothing of that depth and kind. */
  readonly read: (value: number, depth: number, kind: Kind) => Slot;
  /** A host tree that has the given shape over a stage. @throws FieldError */
  readonly compose: (value: number, stage: Slot, depth: number, over: Composition) => Slot;
}

/** @throws FieldError when a row cannot be. */
export function nodeReader(raw: readonly (readonly number[])[]): NodeReader {
  const rows: Row[] = [];
  const slots: Slot[] = [];
  const check = (value: number, depth: number, kind: Kind): number => {
    if (value >= 0 && isNumber(value, depth, kind)) return value;
    const row = rows[-value - 1];
    if (row?.depth === depth && row.kind === kind) return value;
    return refuse("a node has a slot that cannot be");
  };
  const slotOf = (value: number): Slot => (value < 0 ? (slots[-value - 1] as Slot) : value);
  for (const one of raw) {
    const row = rowOf(one);
    const { depth, kind, children } = row;
    for (const child of children) check(child, depth - 1, kind);
    slots.push(kind === "shape" ? 0 : collapse(children.map(slotOf), depth, isLinear(kind)));
    rows.push(row);
  }
  const composed = new Map<number, Slot>();
  const compose = (value: number, stage: Slot, depth: number, over: Composition): Slot => {
    if (check(value, depth, "shape") === 0) return composeSlot(over, stage, depth);
    const known = composed.get(value);
    if (known !== undefined) return known;
    const children = (rows[-value - 1] as Row).children.map((child, index) =>
      compose(child, childOf(stage, depth, index, true), depth - 1, over),
    );
    const made = collapse(children, depth, true);
    composed.set(value, made);
    return made;
  };
  return { read: (value, depth, kind) => slotOf(check(value, depth, kind)), compose };
}

/** A tree of a kind, as its levels and its root. */
export function treeField(writer: NodeWriter | NodeReader, kind: Kind): Field<PageTree> {
  return {
    form: "tree",
    optional: false,
    toJson: ({ levels, root }) => [
      levels,
      "write" in writer ? writer.write(root, levels * 2, kind) : 0,
    ],
    fromJson: (raw) => {
      if (!("read" in writer) || !Array.isArray(raw)) return refuse("expected a tree");
      const [levels, root] = raw as readonly unknown[];
      if (typeof levels !== "number" || typeof root !== "number") return refuse("expected a tree");
      if (!Number.isInteger(levels) || levels < 1 || levels > 5) return refuse("expected a tree");
      return { levels, linear: isLinear(kind), root: writer.read(root, levels * 2, kind) };
    },
  };
}
