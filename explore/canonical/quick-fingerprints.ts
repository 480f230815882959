import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import { sumsEach } from "./digest.ts";
import type { Fingerprint, TellKnown, Words } from "./fingerprints.ts";
import { smallestOf } from "./fingerprints.ts";
import type { OfGuest } from "./guest-rows.ts";
import { addRecord, compare, ofGuest, settle } from "./guest-rows.ts";
import type { Layout } from "./layout.ts";
import { namesOf } from "./names.ts";
import type { Renaming } from "./renaming.ts";
import { newContents, newRows } from "./sums.ts";

/** Fingerprints of states one after the other, each like the one that it comes from. */
export interface QuickFingerprints {
  /** The state that those after it are like. */
  readonly base: (world: World, known: object) => void;
  /** The words of a state under the names that things have: valid until the next is asked for. */
  readonly plain: (world: World, known: object) => Words;
  /** The fingerprint of the state that was asked for last: valid until the next is. */
  readonly smallest: () => Fingerprint;
}

/** Rows that are kept; when there are more, all are forgotten. */
const mostRows = 200_000;

/**
 * The same as `fingerprints`: what is told of a part that a state shares with its base is known,
 * and what was told once under every renaming is found again by what is told without.
 *
 * @param renamings  a group; the first changes nothing.
 */
export function quickFingerprints(
  renamings: readonly Renaming[],
  layout: Layout,
  tellKnown: TellKnown<object>,
): QuickFingerprints {
  const all = renamings.map(namesOf);
  let rows = newRows(all);
  let guests: OfGuest[] = [];
  let ofKnown = newContents(rows);
  let knownRow = 0;
  let lastKnown: object | undefined;
  const forms = new Uint32Array(rows.width);
  const room = new Uint32Array(rows.width);
  const plainForm = new Uint32Array(sumsEach);
  const plainRoom = new Uint32Array(sumsEach);
  const words: [number, number, number] = [0, 0, 0];

  const forget = (): void => {
    rows = newRows(all);
    guests = [];
    ofKnown = newContents(rows);
    lastKnown = undefined;
  };
  /** Finds what differs from the base. */
  const look = (world: World, known: object): void => {
    for (let index = 0; index < world.guests.length; index++) {
      guests[index] ??= ofGuest(index, rows, layout);
      compare(guests[index] as OfGuest, world.guests[index] as Guest);
    }
    if (known === lastKnown) return;
    lastKnown = known;
    knownRow = ofKnown.rowOf((to, names) => tellKnown(to, known, names));
  };
  /** Sums of the whole under as many renamings as there is room for. */
  const tellAll = (into: Uint32Array, sums: Uint32Array): void => {
    const { numbers, width } = rows;
    for (let at = 0; at < into.length; at++) into[at] = numbers[knownRow * width + at] as number;
    for (const guest of guests) addRecord(rows, guest, into, sums);
  };
  return {
    base: (world, known) => {
      if (rows.count > mostRows) forget();
      look(world, known);
      for (const guest of guests) settle(rows, guest, world.guests[guest.index] as Guest);
    },
    plain: (world, known) => {
      look(world, known);
      tellAll(plainForm, plainRoom);
      for (let at = 0; at < sumsEach; at++) words[at] = plainForm[at] as number;
      return words;
    },
    smallest: () => {
      tellAll(forms, room);
      return { words: smallestOf(forms), forms };
    },
  };
}
