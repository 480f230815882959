import type { Gpa } from "../events/address.ts";
import type { PathTable } from "../hypervisor/translate/path-table.ts";
import type { UsedPage } from "./use.ts";

/** An entry that a walk reads. */
export interface PathEntry {
  readonly table: PathTable;
  readonly level: number | undefined;
  /** A multiple of 8. */
  readonly address: Gpa;
  /** Words of 64 bits in the entry. */
  readonly words: number;
  /** The page that the entry translates: of the request, or of a table under nesting. */
  readonly page: number;
}

/** What is followed: one page of one device, and the entries that its walk reads. */
export interface Place extends UsedPage {
  readonly entries: readonly PathEntry[];
}
