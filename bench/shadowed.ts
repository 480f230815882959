import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { World } from "../projections/world.ts";
import { bootedWorld, enableTranslation, scatteredPage, setupOf } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { heapBytes, keep, secondsOf } from "./measure.ts";
import type { Tables } from "./tables.ts";
import { emptyTables, mapPage } from "./tables.ts";

/** A guest whose translation was turned on, and what that cost. */
export interface Shadowed {
  readonly world: World;
  readonly tables: Tables;
  readonly milliseconds: number;
  readonly facts: number;
  /** Of all that was not there before: the shadow, and everything kept about tables and hosts. */
  readonly bytes: number;
}

/** Bytes of a world whose guest has done nothing yet: its P2M, and who owns which host page. */
export function bytesOfSetup(): number {
  const before = heapBytes();
  const world = createWorld(setupOf());
  const after = heapBytes();
  keep(world);
  return after - before;
}

/** Turns translation on; in a function of its own, so that nothing refers to the facts after it. */
function enable(booted: World): Omit<Shadowed, "tables" | "bytes"> {
  let folded = { world: booted, facts: 0 };
  const seconds = secondsOf(() => {
    const { world, facts } = fold(booted, enableTranslation);
    folded = { world, facts: facts.length };
  });
  return { ...folded, milliseconds: seconds * 1000 };
}

/** Boots a guest with some tables and turns translation on. */
export function shadowed(tables: Tables): Shadowed {
  const booted = bootedWorld(tables);
  const before = heapBytes();
  const enabled = enable(booted);
  const bytes = heapBytes() - before;
  keep(booted);
  return { ...enabled, tables, bytes };
}

/** The first IOVA page that `neighbours` maps. */
export const firstPage = 0x80000;

/** Tables that map neighbouring IOVA pages. */
export function neighbours(count: number, to: (index: number) => number): Tables {
  const tables = emptyTables();
  for (let index = 0; index < count; index++) mapPage(tables, firstPage + index, to(index));
  return tables;
}

const made = new Map<number, Shadowed>();

/** A guest with neighbouring pages in scattered frames; made once for each number of pages. */
export function scatteredGuest(count: number): Shadowed {
  const span = 2 ** Math.ceil(Math.log2(count));
  const known = made.get(count) ?? shadowed(neighbours(count, (at) => scatteredPage(at, span)));
  made.set(count, known);
  return known;
}

/** How many pages a guest with many pages has, and their name. */
export const manyPages = ({ short }: Effort): { count: number; name: string } =>
  short ? { count: 100_000, name: "10^5" } : { count: 1_000_000, name: "10^6" };
