import { gpa, gpaOfPage } from "../events/address.ts";
import { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
import type { InputOf } from "../events/input.ts";
import { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";

/** A guest's tables of four levels, of either stage, that are being filled. */
export interface Tables {
  /** Guest page of the top table. */
  readonly root: number;
  readonly levels: 4;
  /** The bits of an entry that allows everything. */
  readonly allowed: bigint;
  /** Contents by guest page. */
  readonly pages: Map<number, DataView>;
  /** The leaf tables by IOVA page number over 512. */
  readonly leaves: Map<number, number>;
}

const firstTable = 0x1000;

/** Second-stage tables with nothing in them, in guest pages from 16 MiB on. */
export const emptyTables = (): Tables => newTables(firstTable, secondStage);

/** First-stage tables with nothing in them, in guest pages from `root` on. */
export const emptyFirstStage = (root: number): Tables => newTables(root, firstStage);

function newTables(root: number, allowed: bigint): Tables {
  const pages = new Map([[root, new DataView(new ArrayBuffer(4096))]]);
  return { root, levels: 4, allowed, pages, leaves: new Map() };
}

const secondStage = SecondStageEntry.encode({ r: true, w: true });
const firstStage = FirstStageEntry.encode({ present: true, rw: true, us: true, a: true, d: true });

/** An entry that allows reads and writes. */
export const entryTo = ({ allowed }: Tables, gfn: number): bigint => (BigInt(gfn) << 12n) | allowed;

function tableBelow(tables: Tables, table: number, index: number): number {
  const { pages, root } = tables;
  const page = pages.get(table);
  const old = page?.getBigUint64(index * 8, true) ?? 0n;
  if (old !== 0n) return Number(old >> 12n);
  const made = root + pages.size;
  pages.set(made, new DataView(new ArrayBuffer(4096)));
  page?.setBigUint64(index * 8, entryTo(tables, made), true);
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
  leaf?.setBigUint64((page % 512) * 8, entryTo(tables, gfn), true);
}

/** The write of one entry, as a CPU does it that flushes its caches. */
export function entryWrite(tables: Tables, page: number, gfn: number): InputOf<"MemoryWrite"> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, entryTo(tables, gfn), true);
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
