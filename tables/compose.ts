import { behindP2m, frameOf } from "./mapping.ts";
import type { P2m } from "./p2m.ts";
import { uniform } from "./page-tree.ts";
import { withChildren } from "./page-tree-change.ts";
import type { Node, Slot } from "./page-tree-node.ts";
import { childOf, collapse, expand, frameUnit, spans, waysAt } from "./page-tree-node.ts";

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
    node.map((child) => composeSlot(composition, child, depth - 1)),
    depth,
    true,
  );

/**
 * The host's slot once the guest stage went from `before` to `after`, nowhere but in the pages
 * `[first, end)`; what did not change is kept.
 */
export function composeChanged(
  composition: Composition,
  before: Slot,
  after: Slot,
  host: Slot,
  depth: number,
  base: number,
  first: number,
  end: number,
): Slot {
  if (before === after) return host;
  if (typeof before === "number" || typeof after === "number") {
    return composeSlot(composition, after, depth);
  }
  const known = composition.memo.size > 0 ? composition.memo.get(after) : undefined;
  if (known !== undefined) return known;
  const span = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / span);
  const high = Math.min(waysAt(depth - 1) - 1, Math.floor((end - 1 - base) / span));
  const next = (index: number, old: Slot): Slot => {
    const [was, now] = [childOf(before, depth, index, true), childOf(after, depth, index, true)];
    const at = base + index * span;
    return composeChanged(composition, was, now, old, depth - 1, at, first, end);
  };
  const made = withChildren(host, depth, low, high, next);
  if (end - first > 512) composition.memo.set(after, made);
  return made;
}

/** The host's slot with the pages `[first, end)` composed anew, for a P2M that changed. */
export function composeRange(
  composition: Composition,
  stage: Slot,
  host: Slot,
  depth: number,
  base: number,
  first: number,
  end: number,
): Slot {
  const span = spans[depth] as number;
  if (base >= end || base + span <= first) return host;
  if (base >= first && base + span <= end) return composeSlot(composition, stage, depth);
  const childSpan = spans[depth - 1] as number;
  const [stages, hosts] = [expand(stage, depth, true), expand(host, depth, true)];
  const node = hosts.map((old, index) => {
    const at = base + index * childSpan;
    return composeRange(composition, stages[index] as Slot, old, depth - 1, at, first, end);
  });
  return collapse(node, depth, true);
}

/**
 * The host's slot with all that maps guest frames from `low` up to `high` composed anew, wherever
 * it is.
 */
export function composeTouching(
  composition: Composition,
  stage: Slot,
  host: Slot,
  depth: number,
  low: number,
  high: number,
): Slot {
  if (typeof stage === "number") {
    const frame = frameOf(stage);
    const touches = stage >= frameUnit && frame < high && frame + (spans[depth] as number) > low;
    return touches ? composeSlot(composition, stage, depth) : host;
  }
  const known = composition.memo.get(stage);
  if (known !== undefined) return known;
  const hosts = expand(host, depth, true);
  let changed = false;
  const node = expand(stage, depth, true).map((child, index) => {
    const old = hosts[index] as Slot;
    const next = composeTouching(composition, child, old, depth - 1, low, high);
    if (next !== old) changed = true;
    return next;
  });
  const made = changed ? collapse(node, depth, true) : host;
  composition.memo.set(stage, made);
  return made;
}
