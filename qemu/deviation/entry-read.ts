import { pageOf } from "../../events/address.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { tablePage } from "../../hypervisor/memory/guest-memory.ts";
import type { ContextTable } from "../../projections/context/context-table.ts";
import { placeIn } from "../../projections/context/context-table.ts";
import type { Guest } from "../../projections/guest.ts";
import { wordsIn } from "../../tables/memory.ts";
import { isDevicePage } from "../../target/defined-input.ts";

/** P, FPD and the pointer lie alike in all entries, as far as they have them. */
const { present, fpd: fpdBit, pasiddirptr: pointerBits } = masksOf(ScalableContextEntry);
export const isPresent = (entry: bigint): boolean => (entry & present) !== 0n;
export const hasFpd = (entry: bigint): boolean => (entry & fpdBit) !== 0n;

/** How far it has come. */
export interface Progress {
  readonly guest: Guest;
  readonly met: Set<string>;
  /** Whether it read from a device: nothing is known of what it did from there on. */
  isAtDevice: boolean;
}

/**
 * The entry of a source-id or PASID in a table that begins at an address, or nothing where no
 * memory is.
 */
export function readEntry(
  progress: Progress,
  table: ContextTable,
  start: bigint,
  { source = 0, pasid = 0 }: { readonly source?: number; readonly pasid?: number },
): bigint | undefined {
  const at = start + BigInt(placeIn(table, source, pasid) * 4);
  progress.isAtDevice ||= isDevicePage(pageOf(at));
  const page = tablePage(progress.guest, pageOf(at));
  return page && wordsIn(page, Number(at & 0xfffn), table.length / 2);
}

/** The address that an entry, or the root pointer, names. */
export const pointerIn = (entry: bigint): bigint => entry & pointerBits;
