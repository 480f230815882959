import type { Outcome, Outcomes, Size } from "../events/page.ts";
import { outcomes, sizes } from "../events/page.ts";
import { frameUnit } from "./page-tree-node.ts";

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
