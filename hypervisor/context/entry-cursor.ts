import type { FieldHalves } from "../../events/layout/field-halves.ts";
import { numberIn } from "../../events/layout/field-halves.ts";
import { nextTable } from "../../projections/context/context-path.ts";
import type { ContextTable } from "../../projections/context/context-table.ts";
import { placeIn } from "../../projections/context/context-table.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Page } from "../../tables/memory.ts";
import { blankPage, half, pageHalves, wordsIn } from "../../tables/memory.ts";
import { tablePage } from "../memory/guest-memory.ts";

/** An entry that resolving a request read. */
export interface ContextStep {
  readonly table: ContextTable["name"];
  /** Its GPA in bytes. */
  readonly address: bigint;
  /** All of its bits, or `undefined` when the page cannot be read. */
  readonly entry: bigint | undefined;
}

/** One request being resolved: what it is, and the entry that was read last. */
export interface EntryCursor {
  readonly guest: Guest;
  readonly source: number;
  /** The PASID whose entry serves it, once that is known. */
  tag: number;
  /** FPD of what was read so far. */
  fpd: boolean;
  /** Where the entry lies: a guest page, and its first half there. */
  page: Page;
  at: number;
  readonly step: ((step: ContextStep) => void) | undefined;
}

/** Nothing read yet. */
export const newCursor = (
  guest: Guest,
  source: number,
  step: ((step: ContextStep) => void) | undefined,
): EntryCursor => ({ guest, source, tag: 0, fpd: false, page: blankPage, at: 0, step });

/**
 * Reads the request's entry of a table that begins at a guest page.
 *
 * @returns whether the P2M lets it be read.
 */
export function readEntry(cursor: EntryCursor, table: ContextTable, start: number): boolean {
  const { guest, source, tag, step } = cursor;
  const from = placeIn(table, source, tag);
  const [gfn, at] = [start + (from >>> pageHalves.bits), from & pageHalves.mask];
  const page = tablePage(guest, gfn);
  if (step !== undefined) {
    const entry = page && wordsIn(page, at * 4, table.length / 2);
    step({ table: table.name, address: (BigInt(gfn) << 12n) + BigInt(at * 4), entry });
  }
  if (page === undefined) return false;
  cursor.page = page;
  cursor.at = at;
  return true;
}

/** The value of a field that one half of the entry holds. */
export const fieldOf = ({ page, at }: EntryCursor, field: FieldHalves): number =>
  numberIn(field, half(page, at + field.half));

/** Whether a bit of the entry is set. */
export const isSet = ({ page, at }: EntryCursor, { half: index, mask }: FieldHalves): boolean =>
  (half(page, at + index) & mask) !== 0;

/** The guest page that a pointer of the entry names. */
export const pointerOf = ({ page, at }: EntryCursor, field: FieldHalves): number =>
  nextTable(page, at, field);

/** Whether the entry has any of the bits set that a mask in halves has. */
export function hasAny({ page, at }: EntryCursor, mask: Int32Array): boolean {
  for (let index = 0; index < mask.length; index++) {
    if ((half(page, at + index) & (mask[index] as number)) !== 0) return true;
  }
  return false;
}
