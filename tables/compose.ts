import type { Range } from "../events/address.ts";
import type { P2m } from "./mapping.ts";
import { behindP2m, frameOf } from "./mapping.ts";
import type { Node, Slot } from "./page-tree.ts";
import { childOf, collapse, expand, frameUnit, spans, waysAt } from "./page-tree.ts";
import { uniform } from "./page-tree-range.ts";
import { eachSlot, withChildren } from "./page-tree-slots.ts";

/** Puts guest-stage slots behind a P2M; what several places share is composed once. */
export interface Composition {
  readonly p2m: P2m;
  readonly memo: Map<Node, Slot>;
  /** Host slots of large leaves that the P2M cuts up, by the leaf's number and depth. */
  readonly leaves: Map<number, Slot>;
}

export const newComposition = (p2m: P2m): Composition => ({
  p2m,
  memo: new Map(),
  leaves: new Map(),
});

/** The host's slot for a guest-stage slot of a depth. */
export function composeSlot(composition: Composition, stage: Slot, depth: number): Slot {
  if (typeof stage === "number") {
    if (stage < frameUnit) return stage;
    const span = spans[depth] as number;
    const grant = uniform(composition.p2m, frameOf(stage), span);
    if (grant !== undefined) return behindP2m(stage, grant);
    const key = stage * 16 + depth;
    const cut = composition.leaves.get(key);
    if (cut !== undefined) return cut;
    const made = composeNode(composition, expand(stage, depth, true), depth);
    composition.leaves.set(key, made);
    return made;
  }
  const known = composition.memo.get(stage);
  if (known !== undefined) return known;
  const made = composeNode(composition, expand(stage, depth, true), depth);
  composition.memo.set(stage, made);
  return made;
}

const composeNode = (composition: Composition, node: Node, depth: number): Slot =>
  collapse(
    eachSlot(node, (child) => composeSlot(composition, child, depth - 1)),
    depth,
    true,
  );

/** A guest-stage slot before and after a change, and the host's slot that goes with the former. */
export interface Changed {
  readonly before: Slot;
  readonly after: Slot;
  readonly host: Slot;
}

/**
 * The host's slot once the guest stage changed, nowhere but in the pages of a range; what did not
 * change is kept.
 */
export function composeChanged(
  composition: Composition,
  range: Range,
  { before, after, host }: Changed,
  depth: number,
  base: number,
): Slot {
  if (before === after) return host;
  if (typeof before === "number" || typeof after === "number") {
    return composeSlot(composition, after, depth);
  }
  const known = composition.memo.size > 0 ? composition.memo.get(after) : undefined;
  if (known !== undefined) return known;
  const { first, end } = range;
  const span = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / span);
  const high = Math.min(waysAt(depth - 1) - 1, Math.floor((end - 1 - base) / span));
  const next = (index: number, old: Slot): Slot => {
    const was = childOf(before, depth, index, true);
    const below: Changed = { before: was, after: childOf(after, depth, index, true), host: old };
    return composeChanged(composition, range, below, depth - 1, base + index * span);
  };
  const made = withChildren(host, depth, low, high, next);
  if (end - first > 512) composition.memo.set(after, made);
  return made;
}

/** The two slots of a place: of the guest stage, and of the host, which is composed anew. */
export interface Composed {
  readonly stage: Slot;
  readonly host: Slot;
}

/**
 * The host's slot for the whole of a guest-stage slot, and the same one for the same guest-stage
 * node wherever it lies; what comes to what it was is kept.
 */
export function composeWhole(
  composition: Composition,
  { stage, host }: Composed,
  depth: number,
): Slot {
  const { p2m, memo, leaves } = composition;
  if (typeof stage === "number") {
    if (stage < frameUnit) return stage;
    const grant = uniform(p2m, frameOf(stage), spans[depth] as number);
    if (grant !== undefined) return behindP2m(stage, grant);
  }
  const key = typeof stage === "number" ? stage * 16 + depth : 0;
  const known = typeof stage === "number" ? leaves.get(key) : memo.get(stage);
  if (known !== undefined) return known;
  const stages = expand(stage, depth, true);
  const made = withChildren(host, depth, 0, stages.length - 1, (index, was) =>
    composeWhole(composition, { stage: stages[index] as Slot, host: was }, depth - 1),
  );
  if (typeof stage === "number") leaves.set(key, made);
  else memo.set(stage, made);
  return made;
}

/** The host's slot with the pages of a range composed anew, for a P2M that changed. */
export function composeRange(
  composition: Composition,
  range: Range,
  { stage, host }: Composed,
  depth: number,
  base: number,
): Slot {
  const { first, end } = range;
  const span = spans[depth] as number;
  if (base >= end || base + span <= first) return host;
  if (base >= first && base + span <= end) return composeSlot(composition, stage, depth);
  const childSpan = spans[depth - 1] as number;
  const stages = expand(stage, depth, true);
  const node = eachSlot(expand(host, depth, true), (old, index) => {
    const below: Composed = { stage: stages[index] as Slot, host: old };
    return composeRange(composition, range, below, depth - 1, base + index * childSpan);
  });
  return collapse(node, depth, true);
}

/** The host's slot with all that maps guest frames of a range composed anew, wherever it is. */
export function composeTouching(
  composition: Composition,
  frames: Range,
  { stage, host }: Composed,
  depth: number,
): Slot {
  if (typeof stage === "number") {
    const frame = frameOf(stage);
    const end = frame + (spans[depth] as number);
    const touches = stage >= frameUnit && frame < frames.end && end > frames.first;
    return touches ? composeSlot(composition, stage, depth) : host;
  }
  const known = composition.memo.get(stage);
  if (known !== undefined) return known;
  const hosts = expand(host, depth, true);
  let changed = false;
  const node = eachSlot(expand(stage, depth, true), (child, index) => {
    const old = hosts[index] as Slot;
    const next = composeTouching(composition, frames, { stage: child, host: old }, depth - 1);
    if (next !== old) changed = true;
    return next;
  });
  const made = changed ? collapse(node, depth, true) : host;
  composition.memo.set(stage, made);
  return made;
}
