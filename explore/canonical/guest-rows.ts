import type { Guest } from "../../projections/guest.ts";
import { sumsEach } from "./digest.ts";
import { guestRecord } from "./fingerprints.ts";
import type { Layout } from "./layout.ts";
import type { Part } from "./parts.ts";
import { parts } from "./parts.ts";
import type { Contents, Rows } from "./sums.ts";
import { newContents } from "./sums.ts";

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
export interface OfGuest {
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

/** What is known of guests of a number before any was met. */
export function ofGuest(index: number, rows: Rows, layout: Layout): OfGuest {
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
export function compare(known: OfGuest, guest: Guest): void {
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
export function addRecord(rows: Rows, known: OfGuest, into: Uint32Array, room: Uint32Array): void {
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
export function settle(rows: Rows, known: OfGuest, guest: Guest): void {
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
