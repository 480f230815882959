import { at } from "../../events/registers/offset.ts";
import type { Guest } from "../../projections/guest.ts";
import { faultRecordIndex, readBytes } from "../../projections/registers/registers.ts";

/**
 * What software reads of a guest's registers. Versions of a guest between which nothing changed
 * that a register shows have the same one, so that laws about registers need not look again.
 */
export interface RegisterSight {
  /** The first of those versions. */
  readonly guest: Guest;
  /** What was read of it, by offset and size. It fills as laws ask. */
  words: Map<number, bigint> | undefined;
  /** The sight before it. */
  readonly last: RegisterSight | undefined;
  /** What laws made of it, by their places. */
  made: unknown[] | undefined;
}

type Alike = (was: Guest, now: Guest) => boolean;

/** What the registers that are views depend on, by offset: the same parts read the same. */
const views: ReadonlyMap<number, Alike> = new Map<number, Alike>([
  [
    at.gsts,
    (was, now) =>
      was.charts === now.charts &&
      was.queue.state === now.queue.state &&
      was.compatibilityInterrupts === now.compatibilityInterrupts,
  ],
  [
    at.fsts,
    (was, now) =>
      was.faults === now.faults &&
      was.queue.errors === now.queue.errors &&
      was.pageRequests === now.pageRequests,
  ],
  [at.pmen, (was, now) => was.registers === now.registers && was.charts === now.charts],
  [at.iqh, (was, now) => was.queue === now.queue],
  [at.ics, (was, now) => was.queue.waitDone === now.queue.waitDone],
  [at.iqercd, (was, now) => was.queue === now.queue],
  [at.prs, (was, now) => was.pageRequests === now.pageRequests],
]);

/** Whether a register reads as it did: where it is no view, software's registers say. */
export function readsAsBefore(was: Guest, now: Guest, offset: number): boolean {
  if (was.profile !== now.profile) return false;
  const view = views.get(offset);
  if (view !== undefined) return view(was, now);
  const isRecord = faultRecordIndex(now.profile, offset) !== undefined;
  return isRecord ? was.faults === now.faults : was.registers === now.registers;
}

/** Whether nothing changed that a register could show. */
const readsAlike: Alike = (was, now) =>
  was.registers === now.registers &&
  was.queue === now.queue &&
  was.faults === now.faults &&
  was.charts === now.charts &&
  was.pageRequests === now.pageRequests &&
  was.compatibilityInterrupts === now.compatibilityInterrupts;

/**
 * What software reads of a guest.
 *
 * @param last  what it read of the version before, if there was one.
 */
export function registersOf(guest: Guest, last?: RegisterSight): RegisterSight {
  if (last !== undefined && readsAlike(last.guest, guest)) return last;
  return { guest, words: undefined, last, made: undefined };
}

/** How many sights before it may have the word that is asked for. */
const depth = 16;

/** The word as an earlier sight has it, where nothing changed since that the register shows. */
function wordBefore(sight: RegisterSight, offset: number, key: number): bigint | undefined {
  const { guest } = sight;
  let { last } = sight;
  for (let left = depth; last !== undefined && left > 0; left--) {
    const word = last.words?.get(key);
    if (word !== undefined) return readsAsBefore(last.guest, guest, offset) ? word : undefined;
    last = last.last;
  }
  return undefined;
}

/**
 * What a read of a whole register, or of 1 to 8 bytes from its first, gives; what is as before is
 * not read again.
 */
export function wordAt(sight: RegisterSight, offset: number, size: number): bigint {
  const key = offset * 32 + size;
  sight.words ??= new Map();
  const found = sight.words.get(key);
  if (found !== undefined) return found;
  const word = wordBefore(sight, offset, key) ?? readBytes(sight.guest, offset, size);
  sight.words.set(key, word);
  return word;
}

let places = 0;

/** Something that a law makes of a sight, made once for each. */
export function onceFor<T extends object>(
  make: (sight: RegisterSight) => T,
): (sight: RegisterSight) => T {
  const place = places;
  places += 1;
  return (sight) => {
    sight.made ??= [];
    sight.made[place] ??= make(sight);
    return sight.made[place] as T;
  };
}
