/** Who has something to say of a table. ACPICA is what firmware's tables are compiled by. */
export type Reader = "Linux" | "Xen" | "ACPICA" | "the specification";

/** What readers make of something in a table: a message of theirs in quotes, or what they do. */
export type Says = Readonly<Partial<Record<Reader, string>>>;

/** Something of a table that somebody stumbles over. */
export interface Remark {
  /** The byte that it is about, from the beginning of the table. */
  readonly at: number;
  readonly what: string;
  readonly who: Says;
}

/** What Linux does with a table that it refuses: no unit is used. */
export const linuxRefuses = "uses no IOMMU";
/** What Xen does with a table that it refuses. */
export const xenRefuses = "turns VT-d off";

/** Takes down something of a table. */
export type Note = (at: number, what: string, who?: Says) => void;
