import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Guest } from "../projections/guest.ts";
import { asTablesSeeIt } from "../projections/memory/sight.ts";
import type { Memory } from "../tables/memory.ts";
import { pageAt, wordIn } from "../tables/memory.ts";
import type { Radix } from "../tables/radix.ts";
import { emptyRadix, radixForEach, radixGet, radixSet } from "../tables/radix.ts";
import type { Noted } from "./interrupt-trail.ts";
import type { Step } from "./step.ts";

/**
 * Who last changed the 16 bytes at one offset, of every page of a guest: who wrote an interrupt
 * entry before anybody could know where the table would be.
 */
export interface EntryWriters {
  readonly guest: number;
  /** Offset of the entry in its page, a multiple of 16. */
  readonly offset: number;
  readonly byPage: Radix<Noted>;
}

/** Nothing known yet, for the entry of an index: a table begins at a page. */
export const startEntryWriters = (guest: number, index: number): EntryWriters => ({
  guest,
  offset: (index * 16) % 4096,
  byPage: emptyRadix(),
});

/** Where an event may have changed memory: pages from `first`, without `end`. */
function pagesOf(event: Input | Fact): readonly [first: number, end: number] | undefined {
  const { type } = event;
  const isWrite = type === "MemoryWrite" || type === "MemoryWritten" || type === "DmaLanded";
  if (!isWrite && type !== "CacheFlush") return undefined;
  if (event.gpa === undefined) return undefined;
  const length = type === "CacheFlush" ? event.length : BigInt(event.bytes?.length ?? 0);
  return [pageOf(event.gpa), pageOf(event.gpa + length + 0xfffn)];
}

/** Whether an event makes the unit see what waited in the write buffer. */
export const isFlush = ({ type }: Input | Fact): boolean =>
  type === "WriteBufferFlushed" || type === "WriteBufferDrained";

const seenIn = (guest: Guest | undefined): Memory | undefined =>
  guest && asTablesSeeIt(guest, guest.memory);

/** What is known once one more step was taken. */
export function followEntryWriters(old: EntryWriters, step: Step): EntryWriters {
  const { guest, offset } = old;
  const before = seenIn(step.before.guests[guest]);
  const after = seenIn(step.after.guests[guest]);
  if (before === undefined || after === undefined || before === after) return old;
  let { byPage } = old;
  for (const [at, event] of [step.input, ...step.facts].entries()) {
    if ((event.guest ?? 0) !== guest) continue;
    const noted: Noted = { seq: step.seq + at, cause: at === 0 ? undefined : step.seq, event };
    const note = (gfn: number): void => {
      const [was, page] = [pageAt(before, gfn), pageAt(after, gfn)];
      const isSame = (place: number): boolean => wordIn(was, place) === wordIn(page, place);
      if (was === page || (isSame(offset) && isSame(offset + 8))) return;
      byPage = radixSet(byPage, gfn, noted);
    };
    const pages = pagesOf(event);
    if (pages !== undefined) radixForEach(after.visible, pages[0], pages[1], note);
    if (!isFlush(event)) continue;
    radixForEach(before.buffered, 0, Number.MAX_SAFE_INTEGER, note);
  }
  return byPage === old.byPage ? old : { ...old, byPage };
}

/** Who last changed the entry at a GPA in bytes; `undefined` when nobody did. */
export const entryWriter = ({ byPage }: EntryWriters, address: bigint): Noted | undefined =>
  radixGet(byPage, pageOf(address));
