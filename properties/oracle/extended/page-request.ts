import { bits, ones } from "../word.ts";
import { readExtended } from "./context.ts";
import { readPasid } from "./outcome.ts";
import { isRecorded } from "./reason.ts";
import type { ExtendedUnit } from "./unit.ts";
import { abilitiesOf, isExtended } from "./unit.ts";

/** A page request as a device sends it. */
export interface PageAsked {
  readonly sid: number;
  readonly pasid: number | undefined;
  readonly address: bigint;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly privileged: boolean;
  /** Index of its group, 9 bits, and whether it is the last of it. */
  readonly group: number;
  readonly last: boolean;
  /** It wants an answer of its own (a stream), and whether the device waits for it. */
  readonly stream: boolean;
  readonly blocked: boolean;
  /** 23 bits that come back with the answer. */
  readonly data: number;
}

/** The 16 bytes that a page request is in its queue. */
export function pageRequestWords(asked: PageAsked): readonly [low: bigint, high: bigint] {
  const flag = (set: boolean, index: bigint): bigint => (set ? 1n << index : 0n);
  const { sid, pasid, group, data } = asked;
  const low =
    flag(asked.stream, 0n) |
    flag(asked.blocked, 1n) |
    flag(pasid !== undefined, 2n) |
    flag(asked.last, 3n) |
    (BigInt(pasid ?? 0) << 4n) |
    (BigInt(sid >> 8) << 24n) |
    (BigInt(data) << 32n) |
    (BigInt(group) << 55n);
  const high =
    flag(asked.read, 0n) |
    flag(asked.write, 1n) |
    flag(asked.execute, 2n) |
    flag(asked.privileged, 3n) |
    (BigInt(sid & 0xff) << 4n) |
    (asked.address & ones(63, 12));
  return [low, high];
}

/** The registers that a page request meets: PQA, PQH, PQT, FSTS and PRS. */
export interface PageQueue {
  readonly pqa: bigint;
  readonly pqh: bigint;
  readonly pqt: bigint;
  readonly fsts: number;
  readonly prs: number;
}

/** What becomes of a page request. */
export type PageOutcome =
  | {
      readonly kind: "queued";
      /** Where its words go, and the tail after them. */
      readonly at: bigint;
      readonly words: readonly [low: bigint, high: bigint];
      readonly tail: bigint;
      /** PPR was clear: the page request event arises. */
      readonly event: boolean;
    }
  /** The queue is full: FSTS.PRO is set, and a fault event arises unless a condition stood. */
  | { readonly kind: "overflowed"; readonly event: boolean }
  /** PRO stands. */
  | { readonly kind: "dropped" }
  | {
      readonly kind: "refused";
      /** Nothing: no entry was asked. */
      readonly reason: number | undefined;
      readonly recorded: boolean;
      /** What the device is told; nothing where it waits for no answer. */
      readonly response: "invalid" | undefined;
    };

const pro = 1 << 7;
/** PFO, PPF, AFO, APF, IQE, ICE, ITE, PRO. */
const conditions = 0xff;

/**
 * What becomes of a page request while translation is on.
 *
 * Reading: until 3.0 the overflow is a fault condition (FSTS bit 7) with a fault event; the queue
 * is full when the entry after the tail is the head.
 */
export function pageOutcome(
  unit: ExtendedUnit,
  asked: PageAsked,
  { pqa, pqh, pqt, fsts, prs }: PageQueue,
): PageOutcome {
  const reason = refusal(unit, asked);
  if (reason !== undefined) return refused(asked, reason);
  if ((fsts & pro) !== 0) return { kind: "dropped" };
  const size = 4096n << BigInt(bits(pqa, 2, 0));
  const tail = pqt & ones(18, 4) & (size - 1n);
  const next = (tail + 16n) % size;
  if (next === (pqh & ones(18, 4) & (size - 1n))) {
    return { kind: "overflowed", event: (fsts & conditions) === 0 };
  }
  const words = pageRequestWords(asked);
  return { kind: "queued", at: (pqa & ~0xfffn) + tail, words, tail: next, event: (prs & 1) === 0 };
}

/** Why a page request is not queued: a reason, whether FPD counts, or that no entry was asked. */
interface Refused {
  readonly reason: number | undefined;
  readonly fpd: boolean;
}

/**
 * Reading: P or PRE of the context entry clear refuses with 30h, which 2.5 names; what else is
 * wrong has its own reason. A page request without PASID asks of the context alone.
 */
function refusal(unit: ExtendedUnit, asked: PageAsked): Refused | undefined {
  if (!abilitiesOf(unit).pageRequests) return { reason: undefined, fpd: false };
  // Reading: under a regular root table nothing can have PRE, so that nothing is reported.
  if (!isExtended(unit)) return { reason: undefined, fpd: false };
  const context = readExtended(unit, asked.sid);
  const { fpd } = context;
  if (context.kind === "fault") return context.reason === 0x2 ? { reason: 0x30, fpd } : context;
  if (!context.pageRequests || !context.deviceTlb) return { reason: 0x30, fpd };
  if (asked.pasid === undefined) return undefined;
  const { pasid, execute, privileged } = asked;
  const entry = readPasid(unit, context, { pasid, execute, privileged });
  return entry.kind === "fault" ? { reason: entry.reason, fpd } : undefined;
}

/**
 * Reading: what is refused is answered as invalid where the device waits for an answer, the last of
 * a group or one of a stream.
 */
const refused = ({ last, stream }: PageAsked, { reason, fpd }: Refused): PageOutcome => ({
  kind: "refused",
  reason,
  recorded: reason !== undefined && isRecorded(reason, fpd, false),
  response: last || stream ? "invalid" : undefined,
});
