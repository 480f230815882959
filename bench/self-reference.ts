import type { Figure } from "./figure.ts";
import { scatteredPage } from "./guest.ts";
import { announceChange } from "./rig.ts";
import { shadowed } from "./shadowed.ts";
import type { Tables } from "./tables.ts";
import { emptyTables, entryTo } from "./tables.ts";

const group = "table that names itself 512 times, 4 levels";

/** One page that is its own table at every level: all of 2^36 pages are mapped to it. */
function selfReferential(): Tables {
  const tables = emptyTables();
  const { root } = tables;
  const page = tables.pages.get(root);
  for (let index = 0; index < 512; index++)
    page?.setBigUint64(index * 8, entryTo(tables, root), true);
  tables.leaves.set(0, root);
  return tables;
}

/** What a guest can do to the host by such a table: time, facts and bytes. */
export function measureSelfReference(): readonly Figure[] {
  const { world, tables, milliseconds, facts, bytes } = shadowed(selfReferential());
  const changed = announceChange({ world, tables, tail: 0 }, "domain", 100, scatteredPage(0));
  return [
    { group, name: "translation turned on", value: milliseconds, unit: "ms" },
    { group, name: "facts of that", value: facts, unit: "facts" },
    { group, name: "memory of that", value: bytes / 1024, unit: "KiB" },
    { group, name: "one entry changed, domain-selective", value: changed / 1000, unit: "ms" },
  ];
}
