/** What the words of a guest page name, and what of it can matter to anybody later. */
export type PageRole =
  /** Second-stage entries; those of a leaf table are for the pages of IOVA from `first` on. */
  | { readonly holds: "entries"; readonly first?: number }
  /** Context entries of bus 0. */
  | { readonly holds: "contexts" }
  /** The invalidation queue. */
  | { readonly holds: "descriptors" }
  /** What the unit writes and neither it nor the driver reads again. */
  | { readonly holds: "output" };

/** Where a small world keeps what its words name. */
export interface Layout {
  /** By guest page; the words of all others name nothing. */
  readonly pages: ReadonlyMap<number, PageRole>;
  /**
   * The driver writes each descriptor before it moves the tail over it, and each queue has as much
   * room wherever it stands in its ring: what was fetched makes no difference, nor does the place,
   * only what lies between head and tail does.
   */
  readonly rolling: boolean;
}
