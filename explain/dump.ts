import type { SourceId } from "../events/address.ts";
import type { DumpEnded, EntrySeen, Origin } from "./observation.ts";

/** An entry of a page table in a dump. */
export interface DumpedPage {
  readonly level: number;
  readonly index?: number | undefined;
  readonly entry: bigint;
}

/** The tables for one address of one device, as far as somebody printed them. */
export interface Dump {
  readonly line: number;
  readonly from: Origin;
  readonly unit?: string | undefined;
  readonly source?: SourceId | undefined;
  readonly iova?: bigint | undefined;
  /** `undefined` where nothing tells the mode. */
  readonly scalable?: boolean | undefined;
  /** Words of 64 bits, the lowest first, as far as they are shown. */
  readonly root?: readonly bigint[] | undefined;
  readonly context?: readonly bigint[] | undefined;
  readonly directory?: bigint | undefined;
  /** Eight words; `undefined` where one is not shown. */
  readonly pasid?: readonly (bigint | undefined)[] | undefined;
  readonly pages: readonly DumpedPage[];
  readonly end?: Omit<DumpEnded, "kind"> | undefined;
  /** Every page that is mapped is shown, if the text is whole: what is not there is not mapped. */
  readonly isListing?: boolean | undefined;
  /** Every device and PASID that has an entry is listed, and this one is not. */
  readonly isUnlisted?: boolean | undefined;
}

/** A dump with one more entry. */
export function withEntry(dump: Dump, { table, words, at = 0, level, ...entry }: EntrySeen): Dump {
  const [first = 0n] = words;
  switch (table) {
    case "root":
      return { ...dump, root: words, scalable: entry.scalable ?? dump.scalable };
    case "context":
      return { ...dump, context: words };
    case "PASID directory":
      return { ...dump, directory: first, scalable: true };
    case "PASID entry": {
      const old = dump.pasid ?? Array.from({ length: 8 }, () => undefined);
      return {
        ...dump,
        scalable: true,
        pasid: old.map((word, index) => (index === at ? first : word)),
      };
    }
    case "page":
      return {
        ...dump,
        pages: [...dump.pages, { level: level ?? 0, index: entry.index, entry: first }],
      };
  }
}
