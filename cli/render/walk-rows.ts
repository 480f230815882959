import { hex } from "../../events/address.ts";
import { ExtendedContextEntry } from "../../events/context/extended-context-entry.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import { addressNamed, namerOf } from "../../history/walk-path.ts";
import type { Translation, TranslationStep } from "../../hypervisor/translate/three-answers.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { EntryPlace } from "./meaning.ts";
import { entryText, meaning } from "./meaning.ts";

/** One row of a walk: an entry, or what the second-stage entries above it gave. */
export interface WalkRow {
  readonly name: string;
  /** Of the entry among the steps; `undefined` for a row that says what came of them. */
  readonly index: number | undefined;
  /** Part of a second-stage walk for the next first-stage entry, or for the page. */
  readonly below: boolean;
  /** GPA of the entry; empty where the second stage gives none. */
  readonly address: string;
  readonly entry: string;
  readonly meaning: string;
}

/** The place of a step's entry, for who wants it in words. */
export const placeOf = (
  walk: Translation,
  { table, level, address }: TranslationStep,
): EntryPlace => ({
  table,
  level,
  address,
  scalable: walk.scalable,
});

/** `level 4`; where there are two stages, which one it is of. */
export function stepName({ table, level }: TranslationStep, scalable: boolean): string {
  if (level === undefined) return table;
  return `${scalable ? table : "level"} ${level.toString()}`;
}

/** What sentences call an entry: `first-stage entry of level 4`. */
export function entryName({ table, level }: TranslationStep, scalable: boolean): string {
  if (level === undefined) return table.endsWith("entry") ? table : `${table} entry`;
  if (!scalable) return `level ${level.toString()} table entry`;
  return `${table.replace(" ", "-")} entry of level ${level.toString()}`;
}

/** Faults of a first-stage walk that are not the second stage's doing. */
const ofFirstStage: ReadonlySet<number> = new Set([reason.firstStageRoot, reason.firstStageAccess]);

/** Whether a first-stage table could not be read because of the second stage. */
function isHidden({ guest }: Translation, { host }: TranslationStep): boolean {
  return host === undefined && "fault" in guest && !ofFirstStage.has(guest.fault);
}

/** The row after the second-stage entries: which address they translated, and to what. */
function gaveRow(
  walk: Translation,
  from: TranslationStep,
  next: TranslationStep | undefined,
  iova: bigint,
): WalkRow {
  const { guest } = walk;
  const asked = addressNamed(from, iova) + (next === undefined ? 0n : next.address & 0xfffn);
  const failed = next === undefined ? "fault" in guest : isHidden(walk, next);
  const gpa = next?.address ?? ("gpa" in guest ? guest.gpa : 0n);
  const fault = "fault" in guest ? faultText(guest.fault) : "";
  const text = failed ? `${hex(asked)}: ${fault}` : `${hex(asked)} is GPA ${hex(gpa)}`;
  return { name: "so", index: undefined, below: true, address: "", entry: "", meaning: text };
}

/** Whether the guest has a first stage on the way, which the host's IOMMU walks as it is. */
export const hasFirstStage = ({ steps }: Translation): boolean =>
  steps.some(({ table }) => table === "first stage");

/** Whether it is what was cached of a first stage that differs, and no unannounced change. */
export const isStale = (walk: Translation, host: HostEntry | undefined): boolean =>
  !walk.agree && host?.space !== undefined && host.pending === 0 && host.pasidPending === 0;

/** Whether an entry says that a first stage lies over a second one. */
function saysNested({ table, entry }: TranslationStep): boolean {
  if (table === "extended context") return ExtendedContextEntry.decode(entry).neste;
  return table === "PASID entry" && PasidEntry.decode(entry).pgtt === pasidTypes.nested;
}

/** Whether it is so of a request that has come to its PASID. */
const isNested = ({ steps }: Translation): boolean =>
  steps.some(saysNested) && steps.some(({ table }) => table.endsWith("PASID entry"));

/**
 * The walk row by row. Under nesting the second-stage entries that lead to a first-stage entry come
 * before it, and a row that says which address they made a guest address of.
 */
export function walkRows(walk: Translation, iova: bigint): readonly WalkRow[] {
  const rows: WalkRow[] = [];
  const { steps, scalable } = walk;
  const nested = isNested(walk);
  for (const [index, step] of steps.entries()) {
    const { below, host, entry } = step;
    const from = namerOf(steps, index);
    if (nested && step.table === "first stage" && from !== undefined) {
      rows.push(gaveRow(walk, from, step, iova));
    }
    const place = placeOf(walk, step);
    rows.push({
      name: stepName(step, scalable),
      index,
      below,
      address: nested && !below && isHidden(walk, step) ? "" : hex(step.address),
      entry: host === undefined ? "unreadable" : entryText(place, entry),
      meaning: host === undefined ? "" : meaning(place, entry),
    });
  }
  const last = steps.at(-1);
  const leaf = namerOf(steps, steps.length);
  const isBeyond = "fault" in walk.guest && walk.guest.fault === reason.secondStageBeyondWidth;
  const hasEnd = last?.below === true || (isBeyond && last === leaf);
  if (nested && hasEnd && leaf !== undefined) rows.push(gaveRow(walk, leaf, undefined, iova));
  return rows;
}

/** The first cell of a row: what is below is set in. */
export const rowName = ({ name, below }: WalkRow): string => (below ? `  ${name}` : name);
