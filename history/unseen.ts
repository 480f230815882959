import { pageOf } from "../events/address.ts";
import type { Guest } from "../projections/guest.ts";
import { pageAsWritten, pageAt, wordsIn } from "../tables/memory.ts";
import type { Radix } from "../tables/radix.ts";
import { emptyRadix, radixGet, radixSet } from "../tables/radix.ts";
import type { Step } from "./step.ts";

/** What the CPU wrote to an entry and the unit cannot see: it has not been written back. */
export interface Unseen {
  /** Number of the event that wrote to the entry's line of 64 bytes last. */
  readonly seq: number;
  /** The entry as it will be once it is written back. */
  readonly value: bigint;
}

/** Who last wrote to each line of a guest's memory without writing it back. */
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
  const ahead = after.guests[old.guest]?.memory.ahead;
  if (ahead === undefined || ahead === before.guests[old.guest]?.memory.ahead) return old;
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
 */
export function unseenAt(
  { byLine }: LateWrites,
  { memory }: Guest,
  address: bigint,
  words: number,
): Unseen | undefined {
  const gfn = pageOf(address);
  if (radixGet(memory.ahead, gfn) === undefined) return undefined;
  const offset = Number(address & 0xff8n);
  const value = wordsIn(pageAsWritten(memory, gfn), offset, words);
  if (value === wordsIn(pageAt(memory, gfn), offset, words)) return undefined;
  return { seq: radixGet(byLine, Number(address / lineBytes)) ?? 0, value };
}
