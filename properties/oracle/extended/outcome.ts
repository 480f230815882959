import type { PageSize } from "../../../events/input.ts";
import { bit, isInterruptPage, ones } from "../word.ts";
import type { EntryFault, ExtendedContext } from "./context.ts";
import { readExtended } from "./context.ts";
import type { FirstAsked, Update } from "./first-level.ts";
import { isCanonical, placeOf, walkFirst } from "./first-level.ts";
import type { TranslationAnswer } from "./reason.ts";
import { isRecorded, reasons } from "./reason.ts";
import { walkSecond } from "./second-level.ts";
import type { ExtendedUnit } from "./unit.ts";
import { abilitiesOf, isExtended } from "./unit.ts";

/** One request as it arrives at the unit. */
export interface Request {
  readonly sid: number;
  /** Nothing: a request without PASID. */
  readonly pasid?: number | undefined;
  readonly address: bigint;
  readonly access: "read" | "write";
  readonly execute?: boolean | undefined;
  readonly privileged?: boolean | undefined;
  /** Its address type; untranslated where nothing is said. */
  readonly type?: "untranslated" | "translation" | "translated" | undefined;
}

/** What a cached translation is tagged with. */
export interface CacheTag {
  readonly did: number;
  readonly pasid: number | undefined;
  readonly global: boolean;
}

/** What becomes of a request. `gpa` is that of the byte that it is for. */
export type Outcome =
  | { readonly kind: "legacy" }
  | { readonly kind: "interrupt" }
  | {
      readonly kind: "page";
      readonly gpa: bigint;
      readonly size: PageSize;
      readonly updates: readonly Update[];
      readonly tag: CacheTag;
    }
  | {
      readonly kind: "fault";
      readonly reason: number;
      readonly recorded: boolean;
      /** What a translation request gets instead of a translation. */
      readonly answer: TranslationAnswer;
      readonly updates: readonly Update[];
    };

/**
 * What a request without PASID, and without a table of the second level, is let through to.
 *
 * Reading: pass-through is bounded by the host address width (4h), as in legacy mode.
 */
function through(unit: ExtendedUnit, { did, fpd }: ExtendedContext, request: Request): Outcome {
  const { address } = request;
  if (address >> BigInt(unit.haw) !== 0n) return failed(request, 0x4, fpd);
  const tag = { did, pasid: undefined, global: false };
  return { kind: "page", gpa: address, size: "1G", updates: [], tag };
}

function failed(
  request: Request,
  reason: number,
  fpd: boolean,
  updates: readonly Update[] = [],
): Outcome {
  const recorded = isRecorded(reason, fpd, request.type === "translation");
  const answer = reasons.get(reason)?.answer ?? "abort";
  return { kind: "fault", reason, recorded, answer, updates };
}

/** What becomes of a request while translation is on, by the tables as they are now. */
export function outcomeOf(unit: ExtendedUnit, request: Request): Outcome {
  const { pasid, access, type = "untranslated" } = request;
  if (!isExtended(unit)) {
    // Found before anything is read: no entry's FPD counts.
    return pasid === undefined ? { kind: "legacy" } : failed(request, 0x1c, false);
  }
  const page = Number(request.address >> 12n);
  const plain = pasid === undefined && type === "untranslated";
  if (plain && access === "write" && isInterruptPage(page)) return { kind: "interrupt" };
  const context = readExtended(unit, request.sid);
  if (context.kind === "fault") return failed(request, context.reason, context.fpd);
  if (type !== "untranslated" && !context.deviceTlb) return failed(request, 0xd, context.fpd);
  if (type === "translated") return through(unit, context, request);
  return pasid === undefined
    ? withoutPasid(unit, context, request)
    : withPasid(unit, context, { ...request, pasid });
}

function withoutPasid(unit: ExtendedUnit, context: ExtendedContext, request: Request): Outcome {
  const { did, fpd } = context;
  if (context.withoutPasid === "nothing") return through(unit, context, request);
  const read = request.access === "read";
  const wanted = { read, write: !read, execute: false };
  const end = walkSecond(unit, context.second, request.address, wanted);
  if (end.kind === "fault") return failed(request, end.reason, fpd);
  return { ...end, updates: [], tag: { did, pasid: undefined, global: false } };
}

/** The root of a PASID's first level, or why it has none. */
export type PasidEntry =
  | { readonly kind: "root"; readonly root: bigint }
  | Pick<EntryFault, "kind" | "reason">;

/**
 * Reads what a context says of one PASID: its own fields and the entry of the flat table.
 *
 * Reading: what the context says counts first (type, PASIDE, size, ERE), then the entry (P,
 * reserved bits, SRE). An entry that cannot be read has a reason of its own, as in scalable mode.
 */
export function readPasid(
  unit: ExtendedUnit,
  context: ExtendedContext,
  { pasid, execute, privileged }: Pick<FirstAsked, "execute" | "privileged"> & { pasid: number },
): PasidEntry {
  const stop = (reason: number): PasidEntry => ({ kind: "fault", reason });
  // Reading: a type without PASIDs blocks them as it blocks translation requests (Dh).
  if (!context.takesPasid) return stop(0xd);
  if (!context.paside) return stop(0x18);
  if (pasid >= context.pasidCount) return stop(0x1b);
  if (execute && !context.execute) return stop(0x19);
  const at = context.pasidTable + BigInt(pasid) * 8n;
  const place = placeOf(unit, context, at, { read: true, write: false, execute: false });
  if (place.kind === "fault") return place;
  const entry = unit.read64(place.gpa);
  if (entry === undefined) return stop(0x10);
  if (!bit(entry, 0)) return stop(0x11);
  if ((entry & reservedInPasid(unit, context)) !== 0n) return stop(0x12);
  if (privileged && !bit(entry, 11)) return stop(0x1a);
  return { kind: "root", root: entry & ~0xfffn };
}

/** Reading: PWT and PCD need no capability; bits 10 and 9 tell of five levels from 2.5 on alone. */
function reservedInPasid(unit: ExtendedUnit, context: ExtendedContext): bigint {
  const supervisor = abilitiesOf(unit).supervisor ? 0n : 1n << 11n;
  return ones(2, 1) | ones(10, 5) | supervisor | (context.nested ? 0n : ones(63, unit.haw));
}

function withPasid(
  unit: ExtendedUnit,
  context: ExtendedContext,
  request: Request & { readonly pasid: number },
): Outcome {
  const { did, fpd } = context;
  const { address, access, privileged = false } = request;
  // Reads alone can be fetches.
  const asked: FirstAsked = {
    ...{ address, access, privileged },
    execute: request.execute === true && access === "read",
  };
  const entry = readPasid(unit, context, { pasid: request.pasid, ...asked });
  if (entry.kind === "fault") return failed(request, entry.reason, fpd);
  if (!isCanonical(address)) return failed(request, 0x14, fpd);
  const { end, updates, global } = walkFirst(unit, context, entry.root, asked);
  if (end.kind === "fault") return failed(request, end.reason, fpd, updates);
  return { ...end, updates, tag: { did, pasid: request.pasid, global } };
}
