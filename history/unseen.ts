import { pageOf } from "../events/address.ts";
import type { Guest } from "../projections/guest.ts";
import { asTablesSeeIt } from "../projections/memory/sight.ts";
import { pageAsWritten, pageAt, pageOnItsWay, wordsIn } from "../tables/memory.ts";
import type { Radix } from "../tables/radix.ts";
import { emptyRadix, radixGet, radixSet } from "../tables/radix.ts";
import type { Step } from "./step.ts";

/**
 * Where what the CPU wrote waits until the unit sees it: in the CPU's caches until it is written
 * back (ECAP.C=0), in the write buffer until that is flushed (CAP.RWBF), or in one and then the
 * other.
 */
export type Waiting = "cache" | "buffer" | "cacheThenBuffer";

/** What the CPU wrote to an entry and the unit need not see yet. */
export interface Unseen {
  /** Number of the event that wrote to the entry's line of 64 bytes last. */
  readonly seq: number;
  /** The entry as it will be once it is seen. */
  readonly value: bigint;
  readonly waits: Waiting;
}

/** Who last wrote to each line of a guest's memory without the unit's seeing it. */
export interface LateWrites {
  readonly guest: number;
  /** Numbers of events, by address divided by 64. */
  readonly byLine: Radix<number>;
}

/** Nothing written yet. */
export const noLateWrites = (guest: number): LateWrites => ({ guest, byLine: emptyRadix() });

const lineBytes = 64n;

/** What is known once one more step was taken. */
export function followLateWrites(old: LateWrites, { seq, input, before, after }: Step): LateWrites {
  if (input.type !== "MemoryWrite") return old;
  const [was, is] = [before.guests[old.guest]?.memory, after.guests[old.guest]?.memory];
  if (is === undefined || (is.ahead === was?.ahead && is.buffered === was.buffered)) return old;
  const end = Number((input.gpa + BigInt(input.bytes.length) - 1n) / lineBytes);
  let { byLine } = old;
  for (let line = Number(input.gpa / lineBytes); line <= end; line++) {
    byLine = radixSet(byLine, line, seq);
  }
  return { guest: old.guest, byLine };
}

/**
 * What is written to an entry and not seen yet, or `undefined` when the unit sees all of it.
 *
 * @param address  GPA in bytes, a multiple of 8; the entry does not cross a page.
 * @param words    of 64 bits in the entry.
 * @param see      how the unit sees memory when it reads the entry.
 */
export function unseenAt(
  late: LateWrites,
  guest: Guest,
  address: bigint,
  words: number,
  see = asTablesSeeIt,
): Unseen | undefined {
  const { memory, profile } = guest;
  const gfn = pageOf(address);
  const isAhead = radixGet(memory.ahead, gfn) !== undefined;
  if (!isAhead && radixGet(memory.buffered, gfn) === undefined) return undefined;
  const offset = Number(address & 0xff8n);
  const value = wordsIn(pageAsWritten(memory, gfn), offset, words);
  if (value === wordsIn(pageAt(see(guest, memory), gfn), offset, words)) return undefined;
  const isCached = value !== wordsIn(pageOnItsWay(memory, gfn), offset, words);
  const waits = !isCached ? "buffer" : profile.rwbf ? "cacheThenBuffer" : "cache";
  return { seq: lateWriter(late, address) ?? 0, value, waits };
}

/** Number of the event that last wrote, unseen, to the line of a GPA in bytes. */
export const lateWriter = ({ byLine }: LateWrites, address: bigint): number | undefined =>
  radixGet(byLine, Number(address / lineBytes));
