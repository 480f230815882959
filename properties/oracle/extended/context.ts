import { bit, bits, ones } from "../word.ts";
import type { Abilities, ExtendedUnit } from "./unit.ts";
import { abilitiesOf } from "./unit.ts";

/** What requests without PASID go through. */
export type WithoutPasid = "second level" | "nothing";

/** What a present and valid extended context entry says. */
export interface ExtendedContext {
  readonly kind: "context";
  readonly fpd: boolean;
  readonly did: number;
  readonly withoutPasid: WithoutPasid;
  /** Whether translation requests and translated requests pass. */
  readonly deviceTlb: boolean;
  /** Whether the type leaves requests with PASID to PASIDE; else it blocks them. */
  readonly takesPasid: boolean;
  readonly paside: boolean;
  readonly nested: boolean;
  readonly pageRequests: boolean;
  readonly deferred: boolean;
  readonly execute: boolean;
  readonly secondExecute: boolean;
  readonly global: boolean;
  readonly noExecute: boolean;
  readonly writeProtect: boolean;
  readonly smep: boolean;
  readonly extendedAccessed: boolean;
  /** Root of the second level, and how many tables it has. */
  readonly second: { readonly root: bigint; readonly levels: number };
  /** First byte of the flat PASID table, and how many entries it has. */
  readonly pasidTable: bigint;
  readonly pasidCount: number;
  readonly stateTable: bigint;
  /** Carried, and of no effect on where a request leads. */
  readonly memory: {
    readonly emt: number;
    readonly emte: boolean;
    readonly cd: boolean;
    readonly pat: number;
  };
}

/** A fault, and FPD as far as it is known. */
export interface EntryFault {
  readonly kind: "fault";
  readonly reason: number;
  readonly fpd: boolean;
}

/** The four words of an entry, lowest first. */
export type Words = readonly [low: bigint, high: bigint, third: bigint, fourth: bigint];

/** Reads root and context entry of a source-id in extended mode. */
export function readExtended(unit: ExtendedUnit, sid: number): ExtendedContext | EntryFault {
  const stop = (reason: number, fpd = false): EntryFault => ({ kind: "fault", reason, fpd });
  const function_ = sid & 0xff;
  // Reading: only the half that the function uses is read and checked.
  const half = function_ < 128 ? 0n : 8n;
  const root = unit.read64((unit.root & ~0xfffn) + BigInt(sid >> 8) * 16n + half);
  if (root === undefined) return stop(0x8);
  if (!bit(root, 0)) return stop(0x1);
  if ((root & (ones(11, 1) | ones(63, unit.haw))) !== 0n) return stop(0xa);

  const at = (root & ~0xfffn) + BigInt(function_ & 127) * 32n;
  const words = [0n, 8n, 16n, 24n].map((offset) => unit.read64(at + offset));
  const [low, high, third, fourth] = words;
  if (low === undefined || high === undefined) return stop(0x9);
  if (third === undefined || fourth === undefined) return stop(0x9);
  const fpd = bit(low, 1);
  if (!bit(low, 0)) return stop(0x2, fpd);
  const entry: Words = [low, high, third, fourth];
  const reserved = reservedIn(unit, entry);
  if (entry.some((word, index) => (word & (reserved[index] ?? 0n)) !== 0n)) return stop(0xb, fpd);
  return isValid(unit, entry) ? decode(entry) : stop(0x3, fpd);
}

/** The type of an entry: 0 and 1 second level, 2 pass-through, 4 and 5 that with PASIDs beside. */
const typeOf = ([low]: Words): number => bits(low, 4, 2);

/**
 * Whether PASIDE counts.
 *
 * Reading: pass-through (010b) ignores PASIDE, and with it all that PASIDE makes count.
 */
const usesPasids = (entry: Words): boolean => bit(entry[0], 11) && typeOf(entry) !== 2;

/**
 * Reserved bits of each word, a field of a capability that the unit lacks among them.
 *
 * Reading: those count whether PASIDE is set or not; what PASIDE makes count is not looked at
 * without it.
 */
function reservedIn(unit: ExtendedUnit, entry: Words): Words {
  const can = abilitiesOf(unit);
  const uses = usesPasids(entry);
  const nested = uses && bit(entry[0], 10);
  const domains = ones(15, 4 + 2 * bits(unit.cap, 2, 0)) << 8n;
  const high = ones(31, 28) | domains | lackingHigh(can) | (uses ? patReserved(can) : 0n);
  const far = ones(63, unit.haw);
  // Under nesting the table's address is one of the second level, which has a width of its own.
  const third = can.pasid ? ones(11, 4) | (uses && !nested ? far : 0n) : ones(63, 0);
  const fourth = uses && bit(entry[0], 8) ? ones(11, 0) | far : ones(11, 0);
  return [lackingLow(can) | far, high, third, can.deferred ? fourth : ones(63, 0)];
}

function lackingLow(can: Abilities): bigint {
  let mask = 0n;
  if (!can.memoryType) mask |= ones(7, 5);
  if (!can.deferred) mask |= 1n << 8n;
  if (!can.pageRequests) mask |= 1n << 9n;
  if (!can.nested) mask |= 1n << 10n;
  if (!can.pasid) mask |= 1n << 11n;
  return mask;
}

/** Reading: SLEE needs ECAP.ERS as ERE does; PGE, NXE, WPE and SMEP need nothing. */
function lackingHigh(can: Abilities): bigint {
  let mask = 0n;
  if (!can.memoryType) mask |= ones(7, 6) | ones(63, 32);
  if (!can.extendedAccessed) mask |= 1n << 25n;
  if (!can.execute) mask |= ones(27, 26);
  return mask;
}

/** The upper bit of each of the eight memory types; which types there are is not judged. */
const patReserved = (can: Abilities): bigint => (can.memoryType ? 0x8888_8888n << 32n : 0n);

/** Whether a present entry without reserved bits can be used. */
function isValid(unit: ExtendedUnit, entry: Words): boolean {
  const can = abilitiesOf(unit);
  const aw = bits(entry[1], 2, 0);
  if (aw < 1 || aw > 3 || !bit(unit.cap, 8 + aw)) return false;
  const type = typeOf(entry);
  if (type === 3 || type > 5) return false;
  if ((type === 1 || type === 5) && !can.deviceTlb) return false;
  if ((type === 2 || type > 3) && !can.passThrough) return false;
  if (type > 3 && !bit(entry[0], 11)) return false;
  // Reading: NESTE needs PASIDE, as the types that leave requests with PASID to it do.
  if (bit(entry[0], 10) && !bit(entry[0], 11)) return false;
  // Reading: a table of more PASIDs than the unit has (PTS + 5 above PSS + 1) makes it invalid.
  return !usesPasids(entry) || bits(entry[2], 3, 0) + 5 <= can.pasidWidth;
}

function decode(entry: Words): ExtendedContext {
  const [low, high, third, fourth] = entry;
  const type = typeOf(entry);
  const paside = usesPasids(entry);
  return {
    kind: "context",
    fpd: bit(low, 1),
    did: bits(high, 23, 8),
    withoutPasid: type < 2 ? "second level" : "nothing",
    deviceTlb: type === 1 || type === 5,
    takesPasid: type !== 2,
    paside,
    // Reading: without PASIDE, DINVE is ignored.
    nested: paside && bit(low, 10),
    deferred: paside && bit(low, 8),
    pageRequests: bit(low, 9),
    execute: bit(high, 26),
    secondExecute: bit(high, 27),
    global: bit(high, 3),
    noExecute: bit(high, 4),
    writeProtect: bit(high, 5),
    smep: bit(high, 24),
    extendedAccessed: bit(high, 25),
    second: { root: low & ~0xfffn, levels: bits(high, 2, 0) + 2 },
    pasidTable: third & ~0xfffn,
    pasidCount: 2 ** (bits(third, 3, 0) + 5),
    stateTable: fourth & ~0xfffn,
    memory: { emt: bits(low, 7, 5), emte: bit(high, 7), cd: bit(high, 6), pat: bits(high, 63, 32) },
  };
}
