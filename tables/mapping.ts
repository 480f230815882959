import type { Outcome, Outcomes, Size } from "../events/page.ts";
import { outcomes, sizes } from "../events/page.ts";
import type { PageTree } from "./page-tree.ts";
import { capacity, fill, frameUnit, get } from "./page-tree.ts";

/**
 * What the trees of the P2M, the shadow and its guest stage hold for a page, in one number: the
 * page frame plus one in units of `frameUnit` (none: below it), the outcome of a read in bits 2:0,
 * of a write in 5:3, the size of the mapping that the page is part of in 8:6. Without a frame the
 * size is 0. All zero: not mapped, no permission.
 */
export type Mapping = number;

/** Codes of an outcome, in the order of `outcomes`. */
export const permission = 0;
export const ok = 1;
export const hole = 2;
export const reserved = 3;
export const unreadable = 4;
export const rootUnreadable = 5;
export const interruptRange = 6;

/** A page that is mapped; the size is the table level of its leaf less one. */
export const mapped = (frame: number, read: number, write: number, size: number): Mapping =>
  (frame + 1) * frameUnit + read + write * 8 + size * 64;

/** A page that is not. */
export const unmapped = (read: number, write: number): Mapping => read + write * 8;

/** Whether a page is mapped. */
export const hasFrame = (mapping: Mapping): boolean => mapping >= frameUnit;
/** The page that a page is mapped to; -1 for none. */
export const frameOf = (mapping: Mapping): number => Math.floor(mapping * (1 / frameUnit)) - 1;
/** All below the frame. */
export const flagsOf = (mapping: Mapping): number =>
  mapping - Math.floor(mapping * (1 / frameUnit)) * frameUnit;
export const readCode = (mapping: Mapping): number => flagsOf(mapping) & 7;
export const writeCode = (mapping: Mapping): number => (flagsOf(mapping) >> 3) & 7;
/** The code of the size of the mapping that the page is part of. */
export const sizeOf = (mapping: Mapping): number => flagsOf(mapping) >> 6;

/** The same mapping, said to be of another size. */
export const resized = (mapping: Mapping, size: number): Mapping =>
  mapping + (size - sizeOf(mapping)) * 64;

/** Pages of 4 KiB in a mapping of each size code. */
export const pagesOfSize: readonly number[] = [1, 512, 512 ** 2, 512 ** 3, 512 ** 4];

/** The place of each name in a list of them: searching for it costs as much as a tree's page. */
const codesOf = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name, code) => [name, code])) as Readonly<Record<Name, number>>;

const [outcomeCodes, sizeCodes] = [codesOf(outcomes), codesOf(sizes)];

export const outcomeName = (code: number): Outcome => outcomes[code] ?? "permission";
export const outcomeCode = (name: Outcome): number => outcomeCodes[name];
/** The name of a size code. */
export const sizeName = (code: number): Size => sizes[code] ?? "4K";
export const sizeCode = (name: Size): number => sizeCodes[name];

/** The outcomes of a mapping by name. */
export const outcomesOf = (mapping: Mapping): Outcomes => ({
  read: outcomeName(readCode(mapping)),
  write: outcomeName(writeCode(mapping)),
});

/**
 * What a page of the guest stage becomes behind the P2M: the host's frame, the smaller size, and
 * `hole` where the guest allows an access that the P2M does not.
 */
export function behindP2m(guestStage: Mapping, p2m: Mapping): Mapping {
  if (guestStage < frameUnit) return guestStage;
  const flags = flagsOf(guestStage);
  const granted = flagsOf(p2m);
  const readIn = flags & 7;
  const writeIn = (flags >> 3) & 7;
  const read = readIn === ok && (granted & 7) !== ok ? hole : readIn;
  const write = writeIn === ok && ((granted >> 3) & 7) !== ok ? hole : writeIn;
  if ((read !== ok && write !== ok) || p2m < frameUnit) return read + write * 8;
  const size = Math.min(flags >> 6, granted >> 6);
  return p2m - granted + read + write * 8 + size * 64;
}

/**
 * The P2M: guest page number to a mapping (`tables/mapping.ts`) whose outcomes are `ok` or
 * `permission`. A mapping of which a part is changed goes on in the largest aligned blocks that lie
 * wholly outside the change.
 */
export type P2m = PageTree;

/**
 * What the last P2M grants of the pages that were asked for last, by the low bits of their numbers:
 * walks ask again and again for the same few tables. It says nothing that looking again would not.
 */
const slots = 4096;
const versions = 4096;
/** The page number, and above its 40 bits the version of the P2M that was looked at. */
const keys = new Float64Array(slots);
const grants = new Uint8Array(slots);
let version = 0;
let last: P2m | undefined;

/** The outcomes of a read in bits 2:0, of a write in 5:3. */
function outcomesAt(p2m: P2m, gfn: number): number {
  if (p2m !== last) {
    last = p2m;
    version = (version % (versions - 1)) + 1;
    if (version === 1) keys.fill(0);
  }
  if (gfn >= 2 ** 40) return flagsOf(get(p2m, gfn)) & 63;
  const slot = gfn & (slots - 1);
  const key = version * 2 ** 40 + gfn;
  if (keys[slot] === key) return grants[slot] as number;
  const found = flagsOf(get(p2m, gfn)) & 63;
  keys[slot] = key;
  grants[slot] = found;
  return found;
}

/**
 * Whether the page can be read, or written, at all: by its CPU, its tables' walker, its devices.
 */
export const readable = (p2m: P2m, gfn: number): boolean => (outcomesAt(p2m, gfn) & 7) === ok;
export const writable = (p2m: P2m, gfn: number): boolean => outcomesAt(p2m, gfn) >> 3 === ok;

/** The pages `[first, end)` widened to the whole of the cached entries that they touch. */
export function cachedAround(
  iotlb: PageTree,
  first: number,
  end: number,
): readonly [number, number] {
  let [low, high] = [first, end];
  const start = get(iotlb, first);
  if (start !== 0) low = first - (first % (pagesOfSize[sizeOf(start)] as number));
  const last = get(iotlb, end - 1);
  if (last !== 0) {
    const block = pagesOfSize[sizeOf(last)] as number;
    high = end - 1 - ((end - 1) % block) + block;
  }
  return [low, high];
}

/** The IOTLB without the entries that `[first, end)` touches; an entry goes as a whole. */
export function dropCached(iotlb: PageTree, first: number, end: number): PageTree {
  if (iotlb.root === 0 || first >= end) return iotlb;
  if (end - first === 1) {
    const held = get(iotlb, first);
    if (held === 0) return iotlb;
    if (sizeOf(held) === 0) return fill(iotlb, first, end, 0);
  }
  const [low, high] = cachedAround(iotlb, first, Math.min(end, capacity(iotlb)));
  return fill(iotlb, low, high, 0);
}

/**
 * The IOTLB with the whole entry that maps `page` by `mapping`, which is the page's own. It takes
 * the place of those that it overlaps, each of them whole: what was left of one could not be found
 * by an invalidation of the rest.
 */
export function rememberCached(iotlb: PageTree, page: number, mapping: number): PageTree {
  const held = get(iotlb, page);
  if (held === mapping) return iotlb;
  if (held !== 0 && sizeOf(held) > sizeOf(mapping)) {
    return rememberCached(dropCached(iotlb, page, page + 1), page, mapping);
  }
  const block = pagesOfSize[sizeOf(mapping)] as number;
  const offset = page % block;
  const start = mapping - offset * 512;
  return fill(iotlb, page - offset, page - offset + block, start);
}
