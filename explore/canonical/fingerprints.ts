import type { World } from "../../projections/world.ts";
import type { Digest } from "./digest.ts";
import { newDigest, sumsEach } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Layout } from "./layout.ts";
import type { Names } from "./names.ts";
import { namesOf } from "./names.ts";
import { parts } from "./parts.ts";
import type { Renaming } from "./renaming.ts";
import { sumsUnder } from "./sums.ts";

/** Where what somebody knows beside a world is told. */
export type TellKnown<Known> = (to: Digest, known: Known, names: Names) => void;

/** Three numbers of 32 bits each. */
export type Words = readonly [number, number, number];

/** The fingerprint of a state: the smallest of those that its renamed forms have. */
export interface Fingerprint {
  readonly words: Words;
  /** Those of all of its renamed forms, one after the other. */
  readonly forms: Uint32Array;
}

/** The smallest of some forms, by their first numbers, then the next. */
export function smallestOf(forms: Uint32Array): Words {
  let best = 0;
  for (let at = sumsEach; at < forms.length; at += sumsEach) {
    const order =
      (forms[at] as number) - (forms[best] as number) ||
      (forms[at + 1] as number) - (forms[best + 1] as number) ||
      (forms[at + 2] as number) - (forms[best + 2] as number);
    if (order < 0) best = at;
  }
  return [forms[best] as number, forms[best + 1] as number, forms[best + 2] as number];
}

/** How many states the state of a fingerprint stands for, itself included. */
export function orbitOf({ forms }: Pick<Fingerprint, "forms">): number {
  let count = 0;
  for (let at = 0; at < forms.length; at += sumsEach) {
    let isNew = true;
    for (let other = 0; other < at && isNew; other += sumsEach) {
      isNew =
        forms[at] !== forms[other] ||
        forms[at + 1] !== forms[other + 1] ||
        forms[at + 2] !== forms[other + 2];
    }
    if (isNew) count += 1;
  }
  return count;
}

/** The record of a guest, from the sums of all its parts. */
export function guestRecord(to: Digest, index: number, sums: Uint32Array, from: number): void {
  to.begin(kinds.guest);
  to.field(index);
  for (let at = from; at < from + sumsEach; at++) to.field(sums[at] as number);
  to.end();
}

/**
 * What gives states their fingerprints of 96 bits: equal for states that differ in names of like
 * things, in numbers of events and of shadows, or in what nobody can read any more. Everything is
 * told anew for each state; `quickFingerprints` gives the same with less work.
 *
 * @param renamings  a group; the first changes nothing.
 * @param tellKnown  tells what is known beside the world.
 */
export function fingerprints<Known extends object>(
  renamings: readonly Renaming[],
  layout: Layout,
  tellKnown: TellKnown<Known>,
): (world: World, known: Known) => Fingerprint {
  const to = newDigest();
  const sums = new Uint32Array(sumsEach);
  return (world, known) => {
    const forms = sumsUnder(to, renamings.map(namesOf), (digest, names) => {
      const records = world.guests.map((guest) => {
        for (const { pieces, tell } of parts) {
          pieces(guest, (_place, _of, item) => tell(digest, guest, names, layout, item));
        }
        digest.take(sums, 0);
        return sums.slice();
      });
      for (const [index, whole] of records.entries()) guestRecord(digest, index, whole, 0);
      tellKnown(digest, known, names);
    });
    return { words: smallestOf(forms), forms };
  };
}
