import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import { sumsEach } from "./digest.ts";
import type { Fingerprint, TellKnown, Words } from "./fingerprints.ts";
import { guestRecord, smallestOf } from "./fingerprints.ts";
import type { Layout } from "./layout.ts";
import { namesOf } from "./names.ts";
import type { Part } from "./parts.ts";
import { parts } from "./parts.ts";
import type { Renaming } from "./renaming.ts";
import type { Contents, Rows } from "./sums.ts";
import { newContents, newRows } from "./sums.ts";

/** Fingerprints of states one after the other, each of which is like the one that they come from. */
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

/** A piece that was met last in its place, and its row. */
interface Last {
  of: unknown;
  row: number;
  readonly contents: Contents;
}

/** What finds the rows of one part of guests: it knows the piece that was last in each place. */
function rowsOfPart({ pieces, tell }: Part, rows: Rows, layout: Layout) {
  const known = new Map<number, Last>();
  return (guest: Guest): readonly number[] => {
    const found: number[] = [];
    pieces(guest, (place, of, item) => {
      let last = known.get(place);
      if (last === undefined) {
        last = { of: undefined, row: 0, contents: newContents(rows) };
        known.set(place, last);
      }
      if (of === undefined || last.of !== of) {
        last.of = of;
        last.row = last.contents.rowOf((to, names) => tell(to, guest, names, layout, item));
      }
      found.push(last.row);
    });
    return found;
  };
}

/** What is known of guests of one number: the base, and the one that was asked for last. */
interface OfGuest {
  readonly index: number;
  base: Guest | undefined;
  /** Rows of each part of the base. */
  readonly rows: (readonly number[])[];
  /** Sums of all parts of the base under every renaming, and of the record that is made of them. */
  readonly whole: Uint32Array;
  readonly record: Uint32Array;
  /** The one that was asked for is another than the base. */
  isOther: boolean;
  /** Rows of the parts of the one asked for that are others than those of the base. */
  readonly changed: (readonly number[] | undefined)[];
  readonly find: readonly ((guest: Guest) => readonly number[])[];
}

function ofGuest(index: number, rows: Rows, layout: Layout): OfGuest {
  return {
    ...{ index, base: undefined, isOther: true },
    rows: parts.map(() => []),
    whole: new Uint32Array(rows.width),
    record: new Uint32Array(rows.width),
    changed: parts.map(() => undefined),
    find: parts.map((part) => rowsOfPart(part, rows, layout)),
  };
}

/** Finds the rows in which a guest differs from the base. */
function compare(known: OfGuest, guest: Guest): void {
  const { base, changed, find } = known;
  known.isOther = base !== guest;
  if (!known.isOther) return;
  for (let at = 0; at < parts.length; at++) {
    const isSame = base !== undefined && (parts[at] as Part).same(base, guest);
    changed[at] = isSame ? undefined : find[at]?.(guest);
  }
}

/** Adds the first numbers of some rows to sums, or takes them away. */
function addRows(
  { numbers, width }: Rows,
  some: readonly number[],
  sign: 1 | -1,
  sums: Uint32Array,
): void {
  for (const row of some) {
    const from = row * width;
    for (let at = 0; at < sums.length; at++) {
      sums[at] = (sums[at] as number) + sign * (numbers[from + at] as number);
    }
  }
}

/** The first sums of a guest, as many as there is room for. */
function sumUp(rows: Rows, { whole, rows: before, changed }: OfGuest, sums: Uint32Array): void {
  for (let at = 0; at < sums.length; at++) sums[at] = whole[at] as number;
  for (let at = 0; at < changed.length; at++) {
    const now = changed[at];
    if (now === undefined) continue;
    addRows(rows, before[at] as readonly number[], -1, sums);
    addRows(rows, now, 1, sums);
  }
}

/** Adds the record of a guest under as many renamings as there is room for. */
function addRecord(rows: Rows, known: OfGuest, into: Uint32Array, room: Uint32Array): void {
  const { to } = rows;
  if (known.isOther) sumUp(rows, known, room);
  for (let from = 0; from < into.length; from += sumsEach) {
    let [record, at] = [known.record, from];
    if (known.isOther) {
      guestRecord(to, known.index, room, from);
      to.take(few, 0);
      [record, at] = [few, 0];
    }
    for (let part = 0; part < sumsEach; part++) {
      into[from + part] = (into[from + part] as number) + (record[at + part] as number);
    }
  }
}

const few = new Uint32Array(sumsEach);

/** Takes the guest that was asked for last for the base. */
function settle(rows: Rows, known: OfGuest, guest: Guest): void {
  if (!known.isOther) return;
  const { changed, whole, record } = known;
  record.fill(0);
  addRecord(rows, known, record, whole);
  for (let at = 0; at < changed.length; at++) {
    known.rows[at] = changed[at] ?? (known.rows[at] as readonly number[]);
    changed[at] = undefined;
  }
  known.base = guest;
}

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
