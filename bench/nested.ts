import { profiles } from "../events/profile/profiles.ts";
import { walkedSecond } from "../hypervisor/first-stage/first-stage-answer.ts";
import type { Ask } from "../hypervisor/first-stage/first-stage-rules.ts";
import type { Surroundings } from "../hypervisor/first-stage/surroundings.ts";
import { walkFirstStage } from "../hypervisor/first-stage/walk-first-stage.ts";
import type { FirstStageRules } from "../projections/first-stage/space.ts";
import type { Guest } from "../projections/guest.ts";
import { behindP2m, frameOf } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";
import type { Figure } from "./figure.ts";
import { bootedWorld, foldAll, guestOf, scatteredPage } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds } from "./measure.ts";
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

/**
 * Translations a second by a first stage of four levels: alone, each table read through the P2M;
 * and over a second stage of four levels, which is 24 table reads each, by a unit of later versions
 * and by that of 2016, which is to be no more than a tenth slower.
 */
export function measureNested(effort: Effort): readonly Figure[] {
  const first = emptyFirstStage(firstStagePages);
  const pages = scatteredTables(first);
  const second = identityOf(first, pages.length);
  const guest = guestOf(foldAll(bootedWorld(second), tableWrites(first)));
  const flags = { wpe: false, nxe: false, smep: false, eafe: false };
  const rules: FirstStageRules = { root: first.root, levels: 4, ...flags };
  const below = walkedSecond(guest, second);
  const figure = (name: string, run: () => unknown): Figure => {
    const value = pages.length / bestSeconds(effort, run);
    return { group, name, value, unit: "1/s" };
  };
  const nested = figure("over a second stage: 24 table reads", () =>
    translateAll(guest, rules, pages, { second: below }),
  );
  const machine = { ...guest, profile: profiles["hardware-2016-ecs"] };
  const of2016 = walkedSecond(machine, second);
  const extended = figure("the same of version 2.x", () =>
    translateAll(machine, rules, pages, { second: of2016 }),
  );
  return [
    figure("a first stage alone", () => translateAll(guest, rules, pages, {})),
    { ...nested, budget: { atLeast: 500_000 } },
    { ...extended, budget: { atLeast: 0.9 * nested.value } },
  ];
}
