import type { profiles } from "../events/profile/profiles.ts";
import { walkedSecond } from "../hypervisor/first-stage/first-stage-answer.ts";
import type { Ask } from "../hypervisor/first-stage/first-stage-rules.ts";
import type { Surroundings } from "../hypervisor/first-stage/surroundings.ts";
import { walkFirstStage } from "../hypervisor/first-stage/walk-first-stage.ts";
import { walkTables } from "../hypervisor/shadow/walk-second-stage.ts";
import type { FirstStageRules } from "../projections/first-stage/space.ts";
import type { Guest } from "../projections/guest.ts";
import { behindP2m, frameOf } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";
import type { Figure } from "./figure.ts";
import { bootedWorld, foldAll, guestOf, scatteredPage } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds, inTurns } from "./measure.ts";
import type { Tables } from "./tables.ts";
import { emptyFirstStage, emptyTables, mapPage, tableWrites } from "./tables.ts";
import { scatteredTables } from "./walk.ts";

const group = "translate, nested, uncached";

/** Guest pages where the first stage's tables begin: none of the second stage's reach so far. */
const firstStagePages = 0x8000;

const ask: Ask = { write: false, execute: false, privileged: false };

function translateAll(
  guest: Guest,
  rules: FirstStageRules,
  pages: readonly number[],
  around: Surroundings,
): number {
  let sum = 0;
  for (const page of pages) {
    const { fault, mapping } = walkFirstStage(guest, rules, page, ask, around);
    if (fault !== 0) throw new Error(`a page of the benchmark faults: ${fault.toString(16)}h`);
    sum += behindP2m(mapping, get(guest.p2m, frameOf(mapping)));
  }
  return sum;
}

/** A second stage that maps the first stage's tables and data to themselves, in 4 KiB pages. */
function identityOf(first: Tables, count: number): Tables {
  const second = emptyTables();
  for (const gfn of first.pages.keys()) mapPage(second, gfn, gfn);
  for (let index = 0; index < count; index++) {
    const gfn = scatteredPage(index);
    mapPage(second, gfn, gfn);
  }
  return second;
}

/** Tables of both stages, and the pages that they translate. */
interface Nest {
  readonly first: Tables;
  readonly second: Tables;
  readonly pages: readonly number[];
}

function nestOf(): Nest {
  const first = emptyFirstStage(firstStagePages);
  const pages = scatteredTables(first);
  return { first, second: identityOf(first, pages.length), pages };
}

const nestedGuest = ({ first, second }: Nest, profile: keyof typeof profiles): Guest =>
  guestOf(foldAll(bootedWorld(second, profile), tableWrites(first)));

const rulesOf = ({ root }: Tables): FirstStageRules => {
  const flags = { wpe: false, nxe: false, smep: false, eafe: false };
  return { root, levels: 4, ...flags };
};

/** How many entries of both stages one walk reads. */
function readsOf(guest: Guest, { first, second, pages: [page = 0] }: Nest): number {
  let count = 0;
  const step = () => {
    count += 1;
  };
  const below = (gfn: number) => walkTables(guest, second.root, second.levels, gfn, step);
  walkFirstStage(guest, rulesOf(first), page, ask, { second: below, step });
  return count;
}

const rounds = 9;

/**
 * How fast a unit of version 2.x walks tables against one with scalable mode that walks the same:
 * 1 is as fast. Measured in turns, as a ratio of medians of CPU time.
 *
 * @throws Error when they do not read as many entries: the benchmark is wrong then.
 */
function extendedAgainstScalable(nest: Nest): Figure {
  const guests = [
    nestedGuest(nest, "everything-scalable"),
    nestedGuest(nest, "hardware-2016-ecs"),
  ] as const;
  const [reads, same] = [readsOf(guests[0], nest), readsOf(guests[1], nest)];
  if (reads !== same) throw new Error(`${reads.toString()} reads against ${same.toString()}`);
  const rules = rulesOf(nest.first);
  const [scalable = 0, extended = 0] = inTurns(
    rounds,
    guests.map((guest) => {
      const around = { second: walkedSecond(guest, nest.second) };
      return () => translateAll(guest, rules, nest.pages, around);
    }),
  );
  const name = `the same by a unit of version 2.x, ${reads.toString()} reads each`;
  const value = scalable / extended;
  return { group, name, value, unit: "times as fast", budget: { atLeast: 0.9 } };
}

/**
 * Translations a second by a first stage of four levels: alone, each table read through the P2M;
 * and over a second stage of four levels, which is 24 table reads each; and that by a unit of 2016,
 * which is to be no more than a tenth slower than one with scalable mode.
 */
export function measureNested(effort: Effort): readonly Figure[] {
  const nest = nestOf();
  const { first, second, pages } = nest;
  const guest = nestedGuest(nest, "everything-scalable");
  const rules = rulesOf(first);
  const figure = (name: string, around: Surroundings): Figure => {
    const seconds = bestSeconds(effort, () => translateAll(guest, rules, pages, around));
    return { group, name, value: pages.length / seconds, unit: "1/s" };
  };
  const nested = figure("over a second stage: 24 table reads", {
    second: walkedSecond(guest, second),
  });
  return [
    figure("a first stage alone", {}),
    { ...nested, budget: { atLeast: 500_000 } },
    extendedAgainstScalable(nest),
  ];
}
