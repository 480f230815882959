import type { Guest } from "../../projections/guest.ts";
import type { Expected } from "../oracle/answers.ts";
import type { Key } from "../oracle/oracle.ts";
import type { Violation } from "../verdict.ts";
import type { Count } from "./law.ts";
import type { Glance, Probe, Sight } from "./probes.ts";

/** What came of comparing one key: the cases that it was, and what is wrong. */
export interface Compared {
  readonly notes: readonly string[];
  readonly violation?: Violation | undefined;
}

/** How each key is compared with what is expected of it. */
export interface Comparison {
  /** All that the outcome depends on, besides what is expected. */
  readonly parts: (guest: Guest, key: Key) => readonly unknown[];
  /** @returns nothing where there is nothing to compare. */
  readonly compare: (probe: Probe) => Compared | undefined;
}

/** How a key was compared last. */
interface Last {
  guest: Guest;
  readonly expected: Expected;
  readonly replaced: boolean;
  readonly parts: readonly unknown[];
  readonly notes: readonly string[];
  times: number;
}

const same = (a: readonly unknown[], b: readonly unknown[]): boolean => {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return a.length === b.length;
};

/** Every key at some moments. */
export function* probesAt({ keys }: Sight, glances: readonly Glance[]): Generator<Probe> {
  for (const { seq, world, expected, replaced } of glances) {
    for (const [index, key] of keys.entries()) {
      const one = expected[index];
      if (one === undefined) continue;
      yield { seq, key, world, expected: one, replaced: replaced[key.guest] === true };
    }
  }
}

/** Compares every key at every moment: the plain way, and the reference for the other. */
export function comparePlainly(
  sight: Sight,
  { compare }: Comparison,
  count: Count,
): Violation | undefined {
  for (const probe of probesAt(sight, sight.settled)) {
    const compared = compare(probe);
    for (const name of compared?.notes ?? []) count(name);
    if (compared?.violation !== undefined) return compared.violation;
  }
  return undefined;
}

/** Whether nothing has changed that the last comparison of a key depended on. */
function isAsLast(last: Last, key: Key, now: Glance, parts: Comparison["parts"], at: number) {
  if (last.expected !== now.expected[at]) return false;
  if (last.replaced !== (now.replaced[key.guest] === true)) return false;
  const guest = now.world.guests[key.guest];
  if (guest === last.guest || guest === undefined) return guest === last.guest;
  if (!same(last.parts, parts(guest, key))) return false;
  last.guest = guest;
  return true;
}

/** The same, but for keys of which neither side has changed: what they were they still are. */
export function compareChanged(
  { keys, settled }: Sight,
  { parts, compare }: Comparison,
  count: Count,
): Violation | undefined {
  const lasts: (Last | undefined)[] = [];
  const tell = (last: Last | undefined): void => {
    for (const name of last?.notes ?? []) count(name, last?.times);
  };
  let violation: Violation | undefined;
  for (let turn = 0; turn < settled.length && violation === undefined; turn++) {
    const now = settled[turn] as Glance;
    for (let at = 0; at < keys.length && violation === undefined; at++) {
      const key = keys[at] as Key;
      const last = lasts[at];
      if (last !== undefined && isAsLast(last, key, now, parts, at)) {
        last.times += 1;
        continue;
      }
      const [expected, guest] = [now.expected[at], now.world.guests[key.guest]];
      if (expected === undefined || guest === undefined) continue;
      tell(last);
      const replaced = now.replaced[key.guest] === true;
      const { seq, world } = now;
      const found = compare({ seq, key, world, expected, replaced });
      const notes = found?.notes ?? [];
      lasts[at] = { guest, expected, replaced, parts: parts(guest, key), notes, times: 1 };
      violation = found?.violation;
    }
  }
  for (const last of lasts) tell(last);
  return violation;
}
