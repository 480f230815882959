import { resolve } from "../hypervisor/context/resolve.ts";
import { walkTables } from "../hypervisor/shadow/walk-second-stage.ts";
import type { Guest } from "../projections/guest.ts";
import { behindP2m, frameOf, hasFrame } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";
import type { Figure } from "./figure.ts";
import { device, guestOf, scatteredPage, translatingWorld } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds, numbers } from "./measure.ts";
import type { Tables } from "./tables.ts";
import { emptyTables, mapPage } from "./tables.ts";

const group = "translate, two stages, uncached";
const leafTables = 2048;
const pagesEach = 64;

/** 131,072 pages in 2,048 leaf tables all over 47 bits, each at a place of its own. */
export function scatteredTables(tables: Tables): readonly number[] {
  const draw = numbers(1);
  const pages: number[] = [];
  const regions = Array.from({ length: 24 }, () => draw(2 ** 17) * 512 ** 2);
  for (let table = 0; table < leafTables; table++) {
    const region = regions[table % regions.length] ?? 0;
    const base = region + draw(512) * 512;
    for (let page = 0; page < pagesEach; page++) pages.push(base + draw(512));
  }
  for (const [index, page] of pages.entries()) mapPage(tables, page, scatteredPage(index));
  return shuffled(pages, draw);
}

function shuffled(pages: readonly number[], draw: (limit: number) => number): readonly number[] {
  const order = [...pages];
  for (let index = order.length - 1; index > 0; index--) {
    const other = draw(index + 1);
    const [here = 0, there = 0] = [order[index], order[other]];
    order[index] = there;
    order[other] = here;
  }
  return order;
}

/** Walks the guest's tables, each read through the P2M, and puts the page behind the P2M. */
function translatePage(guest: Guest, root: number, levels: number, page: number): number {
  const mapping = walkTables(guest, root, levels, page);
  if (!hasFrame(mapping)) throw new Error("a page of the benchmark is not mapped");
  return behindP2m(mapping, get(guest.p2m, frameOf(mapping)));
}

function translateAll(guest: Guest, tables: Tables, pages: readonly number[]): number {
  let sum = 0;
  for (const page of pages) sum += translatePage(guest, tables.root, tables.levels, page);
  return sum;
}

/** As `translateAll`, from the root entry on for every page. */
function translateFromRoot(guest: Guest, pages: readonly number[]): number {
  let sum = 0;
  for (const page of pages) {
    const context = resolve(guest, device, undefined);
    if (context.kind !== "tables") throw new Error("the device of the benchmark is blocked");
    sum += translatePage(guest, context.root, context.levels, page);
  }
  return sum;
}

/** Translations a second over a four-level table behind a P2M of mixed sizes. */
export function measureWalk(effort: Effort): readonly Figure[] {
  const tables = emptyTables();
  const pages = scatteredTables(tables);
  const guest = guestOf(translatingWorld(tables));
  const near = pages.slice(0, 1024);
  const budget = { atLeast: 1_000_000 } as const;
  const figure = (name: string, count: number, run: () => unknown): Figure => {
    const value = count / bestSeconds(effort, run);
    return { group, name, value, unit: "1/s", budget };
  };
  return [
    figure("131,072 scattered pages", pages.length, () => translateAll(guest, tables, pages)),
    figure("and root and context entry", pages.length, () => translateFromRoot(guest, pages)),
    figure("1,024 of those, again and again", near.length * 128, () => {
      for (let pass = 0; pass < 128; pass++) translateAll(guest, tables, near);
    }),
  ];
}
