import { Rtaddr } from "../../events/registers/command.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { KnownMemory, MemoryChange } from "./memory-changes.ts";
import type { TableKind, TableLink } from "./table-links.ts";
import { tableLinks } from "./table-links.ts";
import type { UnitPointers } from "./unit-pointers.ts";

/** Reads the structures that a unit's pointers lead to. */
export interface TableCollector {
  /**
   * What changed in the tables of translation and of interrupts since the last call: what a page
   * points to before the page itself.
   */
  readonly tables: (pointers: UnitPointers) => readonly MemoryChange[];
  /**
   * What changed in the part of the invalidation queue between two values of its tail, also when
   * that goes round its end.
   */
  readonly queue: (pointers: UnitPointers, from: number, to: number) => readonly MemoryChange[];
}

/** A guest that links more pages than this is followed no further. */
const mostPages = 1 << 18;
const addressMask = 0x000f_ffff_ffff_f000n;

const addressOf = (word: bigint): number => Number(word & addressMask);

function rootLink(root: bigint): TableLink {
  const isScalable = Rtaddr.decode(root).ttm === Rtaddr.fields.ttm.names.scalable;
  return { gpa: addressOf(root), table: { kind: isScalable ? "scalableRoot" : "root" } };
}

const keyOf = (gpa: number, table: TableKind): string =>
  `${gpa.toString(36)} ${table.kind} ${"level" in table ? table.level.toString() : ""}`;

/** The pages of links, each with those below it, once. */
function walk(known: KnownMemory, start: TableLink, links: LinkReader): MemoryChange[] {
  const seen = new Set<string>();
  const changes: MemoryChange[] = [];
  const visit = ({ gpa, table }: TableLink): void => {
    const key = keyOf(gpa, table);
    if (seen.has(key) || seen.size >= mostPages) return;
    seen.add(key);
    const { page, changes: own } = known.look(gpa);
    for (const link of links(key, page, table)) visit(link);
    changes.push(...own);
  };
  visit(start);
  return changes;
}

type LinkReader = (key: string, page: Buffer, table: TableKind) => readonly TableLink[];

/** `tableLinks`, not worked out again for a page that is the same. */
function linkCache(): LinkReader {
  const cache = new Map<string, { page: Buffer; links: readonly TableLink[] }>();
  return (key, page, table) => {
    const old = cache.get(key);
    if (old?.page === page) return old.links;
    const links = tableLinks(page, table);
    cache.set(key, { page, links });
    return links;
  };
}

/** Collects from memory of which nothing was known before. */
export function collectTables(known: KnownMemory): TableCollector {
  const links = linkCache();
  return {
    tables: ({ root, interrupts }) => {
      const changes = root === undefined ? [] : walk(known, rootLink(root), links);
      if (interrupts !== undefined) {
        const entries = 2 ** (Irta.decode(interrupts).s + 1);
        changes.push(...known.lookAt(addressOf(interrupts), entries * 16));
      }
      return changes;
    },
    queue: ({ queue }, from, to) => {
      const base = addressOf(queue);
      const { bytes: size } = queueGeometry(queue);
      if (from <= to) return known.lookAt(base + from, Math.min(to, size) - from);
      return [...known.lookAt(base + from, size - from), ...known.lookAt(base, to)];
    },
  };
}
