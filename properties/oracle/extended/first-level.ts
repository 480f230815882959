import { bit, ones } from "../word.ts";
import type { ExtendedContext } from "./context.ts";
import type { WalkEnd, Wanted } from "./second-level.ts";
import { fault, result, smallerSize, walkSecond } from "./second-level.ts";
import type { ExtendedUnit } from "./unit.ts";

/** A request with PASID, as its tables see it. */
export interface FirstAsked {
  readonly address: bigint;
  readonly access: "read" | "write";
  readonly execute: boolean;
  readonly privileged: boolean;
}

/** A word that a walk writes: accessed and dirty bits. */
export type Update = readonly [gpa: bigint, value: bigint];

export interface FirstEnd {
  readonly end: WalkEnd;
  readonly updates: readonly Update[];
  /** A leaf with G under PGE: no invalidation for other than global pages drops it. */
  readonly global: boolean;
}

const toRead: Wanted = { read: true, write: false, execute: false };
/** An entry is set atomically, which reads it too. */
const toSet: Wanted = { read: true, write: true, execute: false };

/** Where an address that the first level has made is; under nesting the second level says. */
export const placeOf = (
  unit: ExtendedUnit,
  context: ExtendedContext,
  address: bigint,
  wanted: Wanted,
): WalkEnd =>
  context.nested
    ? walkSecond(unit, context.second, address, wanted)
    : { kind: "page", gpa: address, size: "1G" };

/** Whether bits 63 to 48 of an address are all as bit 47 is. */
export function isCanonical(address: bigint): boolean {
  const upper = address >> 47n;
  return upper === 0n || upper === ones(16, 0);
}

/** Walks the four levels of a first-level table, the second level behind them under nesting. */
export function walkFirst(
  unit: ExtendedUnit,
  context: ExtendedContext,
  root: bigint,
  asked: FirstAsked,
): FirstEnd {
  const updates: [bigint, bigint][] = [];
  const stop = (reason: number): FirstEnd => ({ end: fault(reason), updates, global: false });
  let user = true;
  let table = root;
  for (let level = 4; ; level--) {
    const at = table + ((asked.address >> BigInt(3 + 9 * level)) & 511n) * 8n;
    const place = placeOf(unit, context, at, toRead);
    if (place.kind === "fault") return stop(place.reason);
    // What the unit has written on this walk already is what it reads.
    const written = updates.find(([gpa]) => gpa === place.gpa)?.[1];
    const entry = written ?? unit.read64(place.gpa);
    const unreachable = level === 4 ? 0x13 : 0x15;
    if (entry === undefined) return stop(unreachable);
    user &&= bit(entry, 2);
    const leaf = level === 1 || (level <= 3 && bit(entry, 7));
    const refused = refusal(unit, context, { level, leaf, entry, user }, asked);
    if (refused !== undefined) return stop(refused);
    const after = touched(context, leaf, entry, asked);
    if (after !== entry) {
      const set = placeOf(unit, context, at, toSet);
      if (set.kind === "fault") return stop(set.reason);
      // Reading: an entry that cannot be set is a table that cannot be reached; 2.x has no other
      // reason.
      if (!unit.canWrite(set.gpa)) return stop(0x15);
      updates.push([set.gpa, after]);
    }
    table = entry & ones(51, 12);
    if (!leaf) continue;
    const offset = ones(2 + 9 * level, 0);
    const address = (table & ~offset) | (asked.address & offset);
    const global = context.global && bit(entry, 8);
    return { end: finish(unit, context, asked, { level, address }), updates, global };
  }
}

interface Entry {
  readonly level: number;
  readonly leaf: boolean;
  readonly entry: bigint;
  /** Every entry up to this one lets user requests pass. */
  readonly user: boolean;
}

/**
 * Why an entry does not let a request pass.
 *
 * Reading: at each level P counts first, then reserved bits, then rights. An entry that is not
 * present has a reason of its own, as in scalable mode.
 */
function refusal(
  unit: ExtendedUnit,
  context: ExtendedContext,
  { level, leaf, entry, user }: Entry,
  { access, execute, privileged }: FirstAsked,
): number | undefined {
  if (!bit(entry, 0)) return 0x17;
  if ((entry & reservedBits(unit, context, level, leaf)) !== 0n) return 0x16;
  if (!privileged && !bit(entry, 2)) return 0x1e;
  if (access === "write") {
    return !bit(entry, 1) && (!privileged || context.writeProtect) ? 0x5 : undefined;
  }
  if (!execute) return undefined;
  if (context.noExecute && bit(entry, 63)) return 0x1d;
  return leaf && privileged && context.smep && user ? 0x1d : undefined;
}

function reservedBits(
  { cap, haw }: ExtendedUnit,
  context: ExtendedContext,
  level: number,
  leaf: boolean,
): bigint {
  // Reading: under nesting addresses are the second level's, which says itself what is too far.
  let mask = context.nested ? 0n : ones(51, haw);
  if (!context.noExecute) mask |= 1n << 63n;
  if (level === 4 || (level === 3 && !bit(cap, 56))) mask |= 1n << 7n;
  // Bit 12 of a large leaf is PAT.
  if (leaf && level > 1) mask |= ones(2 + 9 * level, 13);
  return mask;
}

/** An entry with the bits that passing through it sets. */
function touched(
  { extendedAccessed }: ExtendedContext,
  leaf: boolean,
  entry: bigint,
  { access }: FirstAsked,
): bigint {
  const accessed = entry | (1n << 5n) | (extendedAccessed ? 1n << 10n : 0n);
  return leaf && access === "write" ? accessed | (1n << 6n) : accessed;
}

/** The page itself, behind the second level where there is one. */
function finish(
  unit: ExtendedUnit,
  context: ExtendedContext,
  { access, execute }: FirstAsked,
  { level, address }: { readonly level: number; readonly address: bigint },
): WalkEnd {
  if (!context.nested) return result(level, address);
  const wanted = {
    read: access === "read",
    write: access === "write",
    execute: execute && access === "read" && context.secondExecute,
  };
  const end = walkSecond(unit, context.second, address, wanted);
  if (end.kind === "fault") return end;
  const size = (["4K", "2M", "1G"] as const)[level - 1] ?? "4K";
  return { ...end, size: smallerSize(end.size, size) };
}
