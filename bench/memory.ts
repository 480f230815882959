import type { Figure } from "./figure.ts";
import { contiguousPage, scatteredPage } from "./guest.ts";
import type { Effort } from "./measure.ts";
import {
  bytesOfSetup,
  firstPage,
  manyPages,
  neighbours,
  scatteredGuest,
  shadowed,
} from "./shadowed.ts";
import type { Tables } from "./tables.ts";
import { emptyTables, mapPage } from "./tables.ts";

const group = "memory, all but the guest's own";
const sparseTables = 4096;

/** Leaf tables with one entry each, `apart` pages from one to the next. */
function sparse(apart: number): Tables {
  const tables = emptyTables();
  for (let index = 0; index < sparseTables; index++) {
    mapPage(tables, firstPage + index * apart + (index % 512), scatteredPage(index));
  }
  return tables;
}

/** Bytes that the shadow and all bookkeeping take, for a page mapped or a table of the guest's. */
export function measureMemory(effort: Effort): readonly Figure[] {
  const page = { group, unit: "bytes/page", budget: { atMost: 100 } } as const;
  const table = { group, unit: "bytes/table", budget: { atMost: 1536 } } as const;
  const time = { group, unit: "ms" } as const;
  const { count, name } = manyPages(effort);
  const contiguous = shadowed(neighbours(count, contiguousPage));
  const scattered = scatteredGuest(count);
  const bytesEach = (tables: Tables): number => shadowed(tables).bytes / tables.pages.size;
  const [near, far] = [bytesEach(sparse(512)), bytesEach(sparse(512 ** 2))];
  return [
    { ...page, name: `${name} contiguous pages`, value: contiguous.bytes / count },
    { ...page, name: `${name} pages in scattered frames`, value: scattered.bytes / count },
    { ...table, name: "4,096 leaf tables of one page, side by side", value: near },
    { ...table, name: "4,096 leaf tables of one page, 1 GiB apart", value: far },
    { group, name: "P2M and owners, 13 GiB", value: bytesOfSetup() / 1024, unit: "KiB" },
    { ...time, name: `shadowing ${name} contiguous pages`, value: contiguous.milliseconds },
    { ...time, name: `shadowing ${name} in scattered frames`, value: scattered.milliseconds },
  ];
}
