import type { Iova } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { frameOf, hasFrame } from "../../tables/mapping.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { capacity, expand, fill, spans } from "../../tables/page-tree.ts";
import { slotAt } from "../../tables/page-tree-range.ts";
import { putSlots } from "../../tables/page-tree-slots.ts";
import type { Shadow } from "./shadow.ts";
import { forget, isEverywhere, manyPlaces } from "./shadow.ts";

/** A block that is there, of both trees. */
interface Block {
  readonly stage: Slot;
  readonly host: Slot;
}

/** Blocks of `span` pages side by side from page `to` on: which of those that are there each is. */
interface Blocks {
  readonly depth: number;
  readonly to: number;
  readonly end: number;
  readonly at: (index: number) => Block;
}

/** The blocks of `span` pages at some addresses, each once; `undefined` when one cannot be. */
function blocksAt(shadow: Shadow, span: number, from: readonly Iova[]) {
  const { stage, host } = shadow;
  const depth = spans.indexOf(span);
  const found = new Map<Iova, Block>();
  for (const address of from) {
    if (found.has(address)) continue;
    const page = pageOf(address);
    if (depth < 0 || page % span !== 0 || page + span > capacity(stage)) return undefined;
    found.set(address, { stage: slotAt(stage, page, depth), host: slotAt(host, page, depth) });
  }
  return found;
}

/** The places of guest pages once blocks are repeated: those of the blocks have many then. */
function placesAfter({ places, stage }: Shadow, { depth, to, end }: Blocks, all: Iterable<Block>) {
  if (isEverywhere(places)) return places;
  let next = forget(places, stage, to, end);
  for (const block of all) {
    forEachSlotOnce(block.stage, depth, (gfn, pages) => {
      next = fill(next, gfn, gfn + pages, manyPlaces);
    });
  }
  return next;
}

/** The shadow with blocks that are there repeated elsewhere; trees share their nodes. */
function withBlocks(shadow: Shadow, blocks: Blocks, all: Iterable<Block>): Shadow {
  const { depth, to, end, at } = blocks;
  const { stage, host } = shadow;
  if (to % (spans[depth] as number) !== 0 || end > capacity(stage) || end <= to) return shadow;
  return {
    ...shadow,
    stage: putSlots(stage, to, end, depth, (index) => at(index).stage),
    host: putSlots(host, to, end, depth, (index) => at(index).host),
    places: placesAfter(shadow, blocks, all),
  };
}

/** The block of `length` at `from` repeated `copies` times from `iova` on. */
export function shadowShared(shadow: Shadow, fact: FactOf<"ShadowShared">): Shadow {
  const [span, to] = [pageOf(fact.length), pageOf(fact.iova)];
  const found = blocksAt(shadow, span, [fact.from]);
  const block = found?.get(fact.from);
  if (block === undefined) return shadow;
  const end = to + span * fact.copies;
  return withBlocks(shadow, { depth: spans.indexOf(span), to, end, at: () => block }, [block]);
}

/** The blocks of `length` at each of `from` repeated side by side from `iova` on. */
export function shadowLinked(shadow: Shadow, fact: FactOf<"ShadowLinked">): Shadow {
  const { from } = fact;
  const [span, to] = [pageOf(fact.length), pageOf(fact.iova)];
  const found = blocksAt(shadow, span, from);
  if (found === undefined) return shadow;
  const at = (index: number): Block => found.get(from[index] as Iova) as Block;
  const blocks: Blocks = { depth: spans.indexOf(span), to, end: to + span * from.length, at };
  return withBlocks(shadow, blocks, found.values());
}

/** Visits the frames below a slot, each shared node once. */
export function forEachSlotOnce(
  slot: Slot,
  depth: number,
  visit: (frame: number, count: number) => void,
): void {
  const seen = new Set<unknown>();
  const walk = (at: Slot, below: number): void => {
    if (typeof at === "number") {
      if (hasFrame(at)) visit(frameOf(at), spans[below] as number);
      return;
    }
    if (seen.has(at)) return;
    seen.add(at);
    for (const child of expand(at, below, true)) walk(child, below - 1);
  };
  walk(slot, depth);
}
