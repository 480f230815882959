import { hex } from "../../events/address.ts";
import { tlbsWhere } from "../../projections/device/device-tlb.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { frameOf, hasFrame, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { ownerGuest, ownerPage } from "../../tables/p2m.ts";
import type { PageTree, Slot } from "../../tables/page-tree.ts";
import { expand, get, spans } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import type { Law } from "./law.ts";
import { momentsOf } from "./run.ts";

/**
 * Whether the P2M grants a run of frames to a guest, with the permissions of the mapping that uses
 * it.
 */
export function isGranted(world: World, guest: Guest, mapping: number, count: number): boolean {
  const reads = readCode(mapping) === ok;
  const writes = writeCode(mapping) === ok;
  const first = frameOf(mapping);
  let granted = 0;
  forEachSlot(world.owners, first, first + count, (frame, frames, owner) => {
    if (!hasFrame(owner) || ownerGuest(owner) !== guest.index) return;
    const page = ownerPage(owner);
    forEachSlot(guest.p2m, page, page + frames, (at, pages, value) => {
      if (!hasFrame(value) || frameOf(value) !== frame + at - page) return;
      if (reads && readCode(value) !== ok) return;
      if (writes && writeCode(value) !== ok) return;
      granted += pages;
    });
  });
  return granted === count;
}

/** The same of one page. */
function isPageGranted(world: World, guest: Guest, mapping: number): boolean {
  const frame = frameOf(mapping);
  const owner = get(world.owners, frame);
  if (!hasFrame(owner) || ownerGuest(owner) !== guest.index) return false;
  const value = get(guest.p2m, ownerPage(owner));
  if (!hasFrame(value) || frameOf(value) !== frame) return false;
  if (readCode(mapping) === ok && readCode(value) !== ok) return false;
  return writeCode(mapping) !== ok || writeCode(value) === ok;
}

/** Finds a run of frames in a tree that is not granted; nodes that were found good are skipped. */
function findUngranted(
  tree: PageTree,
  good: Set<readonly Slot[]>,
  granted: (mapping: number, count: number) => boolean,
): number | undefined {
  const search = (slot: Slot, depth: number): number | undefined => {
    if (typeof slot === "number") {
      return hasFrame(slot) && !granted(slot, spans[depth] as number) ? slot : undefined;
    }
    if (good.has(slot)) return undefined;
    for (const child of expand(slot, depth, true)) {
      const found = search(child, depth - 1);
      if (found !== undefined) return found;
    }
    good.add(slot);
    return undefined;
  };
  return search(tree.root, tree.levels * 2);
}

/** What was found good as long as one P2M and one table of owners stay. */
export interface Good {
  /** By mapping of one page, whether it is granted. */
  readonly pages: Map<number, boolean>;
  /** The guest that was looked at last. */
  guest: Guest | undefined;
  p2m: PageTree | undefined;
  owners: PageTree | undefined;
  readonly nodes: Set<readonly Slot[]>;
  readonly trees: Set<PageTree>;
}

/** Whether two versions of a guest have the same caches, shadows and requests in flight. */
const holdsTheSame = (a: Guest, b: Guest): boolean =>
  a.shadows === b.shadows &&
  a.spaces === b.spaces &&
  a.deviceTlbs === b.deviceTlbs &&
  a.passThroughCache === b.passThroughCache &&
  a.inFlight === b.inFlight &&
  a.devices === b.devices;

/** A host frame that something of a guest's reaches without being granted it. */
function ungrantedFrame(world: World, guest: Guest, good: Good): number | undefined {
  if (good.p2m !== guest.p2m || good.owners !== world.owners) {
    good.p2m = guest.p2m;
    good.owners = world.owners;
    good.nodes.clear();
    good.trees.clear();
    good.pages.clear();
  } else if (good.guest !== undefined && holdsTheSame(good.guest, guest)) return undefined;
  good.guest = guest;
  const granted = (mapping: number, count: number): boolean => {
    if (count !== 1) return isGranted(world, guest, mapping, count);
    const found = good.pages.get(mapping) ?? isPageGranted(world, guest, mapping);
    good.pages.set(mapping, found);
    return found;
  };
  const trees = shadowsOf(guest).flatMap(({ host, iotlb }) => [host, iotlb]);
  // A device model holds guest pages.
  const firsts = Object.values(guest.spaces).flatMap((stage) => (stage.virtual ? [] : stage.iotlb));
  const held = tlbsWhere(guest.deviceTlbs).flatMap((tlb) => (tlb.virtual ? [] : tlb.pages));
  for (const tree of [...trees, ...firsts, ...held, guest.passThroughCache]) {
    if (good.trees.has(tree)) continue;
    const found = findUngranted(tree, good.nodes, granted);
    if (found !== undefined) return frameOf(found);
    good.trees.add(tree);
  }
  for (const { hpa, access } of Object.values(guest.inFlight)) {
    if (hpa === undefined) continue;
    const frame = Number(hpa >> 12n);
    const wanted = (frame + 1) * 512 + (access === "read" ? ok : ok * 8);
    if (!granted(wanted, 1)) return frame;
  }
  return undefined;
}

/** What a world reaches without being granted it, in words; nothing when there is no such frame. */
export function ungrantedText(world: World, guest: Guest, good: Good = newGood()) {
  const frame = ungrantedFrame(world, guest, good);
  if (frame === undefined) return undefined;
  return `guest ${guest.index} reaches host page ${hex(frame)}, which is not granted`;
}

export const framesAreGranted: Law = {
  id: "IS1",
  says:
    "After every event, each host page in shadow, IOTLB, device TLB or flight is one that the " +
    "P2M grants now, with the permissions that are used.",
  sometimes: ["P2M change with shadows", "cached", "in flight"],
  check(run, count) {
    const known = new Map<number, Good>();
    for (const { after: world, before, fact, seq } of momentsOf(run)) {
      if (fact?.type === "P2mUnmapped" || fact?.type === "P2mProtected") {
        count("P2M change with shadows");
      }
      if (fact?.type === "DmaTranslated") count(fact.tag === undefined ? "cached" : "in flight");
      if (world.guests === before.guests && world.owners === before.owners) continue;
      for (const guest of world.guests) {
        if (guest === before.guests[guest.index] && world.owners === before.owners) continue;
        const good = known.get(guest.index) ?? newGood();
        known.set(guest.index, good);
        const text = ungrantedText(world, guest, good);
        if (text !== undefined) return { law: "IS1", seq, text };
      }
    }
    return undefined;
  },
};

export const newGood = (): Good => ({
  pages: new Map(),
  guest: undefined,
  p2m: undefined,
  owners: undefined,
  nodes: new Set(),
  trees: new Set(),
});
