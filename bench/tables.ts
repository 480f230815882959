import { gpa, gpaOfPage } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import { SecondStageEntry } from "../events/second-stage-entry.ts";

/** A guest's second-stage tables of four levels that are being filled. */
export interface Tables {
  /** Guest page of the top table. */
  readonly root: number;
  readonly levels: 4;
  /** Contents by guest page. */
  readonly pages: Map<number, DataView>;
  /** The leaf tables by IOVA page number over 512. */
  readonly leaves: Map<number, number>;
}

const firstTable = 0x1000;

/** Tables with nothing in them, in guest pages from 16 MiB on. */
export function emptyTables(): Tables {
  const pages = new Map([[firstTable, new DataView(new ArrayBuffer(4096))]]);
  return { root: firstTable, levels: 4, pages, leaves: new Map() };
}

const allowed = SecondStageEntry.encode({ r: true, w: true });

/** An entry that allows reads and writes. */
export const entryTo = (gfn: number): bigint => (BigInt(gfn) << 12n) | allowed;

function tableBelow({ pages, root }: Tables, table: number, index: number): number {
  const page = pages.get(table);
  const old = page?.getBigUint64(index * 8, true) ?? 0n;
  if (old !== 0n) return Number(old >> 12n);
  const made = root + pages.size;
  pages.set(made, new DataView(new ArrayBuffer(4096)));
  page?.setBigUint64(index * 8, entryTo(made), true);
  return made;
}

/** The guest page of the leaf table for an IOVA page; made with all above it if there is none. */
function leafTable(tables: Tables, page: number): number {
  const block = Math.floor(page / 512);
  const known = tables.leaves.get(block);
  if (known !== undefined) return known;
  let table = tables.root;
  for (const span of [512 ** 3, 512 ** 2, 512]) {
    table = tableBelow(tables, table, Math.floor(page / span) % 512);
  }
  tables.leaves.set(block, table);
  return table;
}

/** Maps an IOVA page to a guest page. */
export function mapPage(tables: Tables, page: number, gfn: number): void {
  const leaf = tables.pages.get(leafTable(tables, page));
  leaf?.setBigUint64((page % 512) * 8, entryTo(gfn), true);
}

/** The write of one entry, as a CPU does it that flushes its caches. */
export function entryWrite(tables: Tables, page: number, gfn: number): InputOf<"MemoryWrite"> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, entryTo(gfn), true);
  const table = gpaOfPage(leafTable(tables, page));
  const address = gpa(table + BigInt((page % 512) * 8));
  return { type: "MemoryWrite", gpa: address, bytes, flushed: true };
}

/** The writes of all tables, a page each. */
export const tableWrites = ({ pages }: Tables): readonly InputOf<"MemoryWrite">[] =>
  [...pages].map(([gfn, { buffer }]) => ({
    type: "MemoryWrite",
    gpa: gpaOfPage(gfn),
    bytes: new Uint8Array(buffer),
    flushed: true,
  }));
