import { pageOf } from "../events/address.ts";
import { ExtendedPasidEntry } from "../events/context/extended-pasid-entry.ts";
import { PasidEntry } from "../events/context/pasid-entry.ts";
import { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
import { entryBytes } from "../hypervisor/translate/path-table.ts";
import type { Translation, TranslationStep } from "../hypervisor/translate/three-answers.ts";
import type { Guest } from "../projections/guest.ts";
import { asTablesSeeIt, asWalksSeeIt } from "../projections/memory/sight.ts";
import { pageAt, wordsIn } from "../tables/memory.ts";
import type { PathEntry } from "./path-entry.ts";
import type { LateWrites, Unseen } from "./unseen.ts";
import { unseenAt } from "./unseen.ts";

/** The address that an entry names: the next first-stage table, or the byte that is asked for. */
export function addressNamed(step: TranslationStep, iova: bigint): bigint {
  const { table, level = 1, entry } = step;
  if (table === "extended PASID entry") return ExtendedPasidEntry.decode(entry).flptptr;
  if (table === "PASID entry") return PasidEntry.decode(entry).fsptptr;
  const { address, ps } = FirstStageEntry.decode(entry);
  if (level > 1 && !(ps && level <= 3)) return address;
  const size = 1n << BigInt(12 + 9 * (level - 1));
  return address - (address % size) + (iova % size);
}

/** The step that named what the second-stage entries before `index` translate. */
export const namerOf = (
  steps: readonly TranslationStep[],
  index: number,
): TranslationStep | undefined => steps.slice(0, index).findLast(({ below }) => !below);

/**
 * The page that a step's entry translates: that of the request, but for second-stage entries under
 * a first stage, which translate the next table or the page that the first stage names.
 */
function pageOfStep({ steps }: Translation, index: number, iova: bigint): number {
  const from = steps[index]?.below ? namerOf(steps, index) : undefined;
  return pageOf(from === undefined ? iova : addressNamed(from, iova));
}

/** How the unit sees memory when it reads an entry of a table. */
export const sightOf = (table: string): typeof asTablesSeeIt =>
  table.endsWith("stage") ? asWalksSeeIt : asTablesSeeIt;

/** An entry as the unit reads it; 0 where there is no guest. */
export function entrySeen(guest: Guest | undefined, entry: PathEntry): bigint {
  const { table, address, words } = entry;
  if (guest === undefined) return 0n;
  const page = pageAt(sightOf(table)(guest, guest.memory), pageOf(address));
  return wordsIn(page, Number(address & 0xff8n), words);
}

/** What is written to each entry of a walk that the unit cannot see, in the order of its steps. */
export const unseenOn = (
  walk: Translation,
  guest: Guest | undefined,
  late: LateWrites,
): readonly (Unseen | undefined)[] =>
  walk.steps.map(({ table, address, host }) =>
    guest === undefined || host === undefined
      ? undefined
      : unseenAt(late, guest, address, entryBytes(table, walk.scalable) / 8, sightOf(table)),
  );

/** The entries that a walk for an address read, in order. */
export const pathOf = (walk: Translation, iova: bigint): readonly PathEntry[] =>
  walk.steps.map(({ table, level, address }, index) => ({
    table,
    level,
    address,
    words: entryBytes(table, walk.scalable) / 8,
    page: pageOfStep(walk, index, iova),
  }));
