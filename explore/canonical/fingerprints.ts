import type { World } from "../../projections/world.ts";
import type { Digest } from "./digest.ts";
import { newDigest } from "./digest.ts";
import type { Searching } from "./guest-sums.ts";
import { guestSums } from "./guest-sums.ts";
import type { Layout } from "./layout.ts";
import type { Renamed } from "./memo.ts";
import { addTo, newMemo, newRecent, noSums } from "./memo.ts";
import type { Names } from "./names.ts";
import { namesOf } from "./names.ts";
import type { Renaming } from "./renaming.ts";
import { newShadowSums } from "./shadow-records.ts";

/** Where what somebody knows beside a world is told. */
export type TellKnown<Known> = (to: Digest, known: Known, names: Names) => void;

/** The fingerprint of a state: the smallest of those that its renamed forms have. */
export interface Fingerprint {
  readonly words: readonly [number, number, number];
  /** Those of all of its renamed forms, one after the other. */
  readonly forms: Renamed;
}

function smallest(forms: Renamed): Fingerprint {
  let best = 0;
  for (let at = 3; at < forms.length; at += 3) {
    const order =
      (forms[at] as number) - (forms[best] as number) ||
      (forms[at + 1] as number) - (forms[best + 1] as number) ||
      (forms[at + 2] as number) - (forms[best + 2] as number);
    if (order < 0) best = at;
  }
  const words = [forms[best], forms[best + 1], forms[best + 2]] as [number, number, number];
  return { words, forms };
}

/** How many states the state of a fingerprint stands for, itself included. */
export function orbitOf({ forms }: Fingerprint): number {
  const seen = new Set<string>();
  for (let at = 0; at < forms.length; at += 3) {
    seen.add(`${forms[at]} ${forms[at + 1]} ${forms[at + 2]}`);
  }
  return seen.size;
}

/**
 * What gives states their fingerprints of 96 bits: equal for states that differ in names of like
 * things, in numbers of events and of shadows, or in what nobody can read any more.
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
  const all = renamings.map(namesOf);
  const memo = newMemo(to, all);
  const guests = newMemo(to, all);
  const searching: Searching = {
    ...{ to, all, layout, memo },
    naming: newRecent(),
    shadowSums: newShadowSums(to, all),
  };
  const ofGuest = newRecent<Renamed>();
  return (world, known) => {
    const whole = noSums(all.length);
    for (const guest of world.guests) {
      let sums = ofGuest.get(guest);
      if (sums === undefined) {
        sums = guestSums(searching, guest);
        ofGuest.set(guest, sums);
      }
      addTo(whole, sums);
    }
    addTo(
      whole,
      guests.of(known, (digest, names) => tellKnown(digest, known, names)),
    );
    return smallest(whole);
  };
}
