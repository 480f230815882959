import { pageIn, pageOf } from "../../events/address.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import type { FieldHalves } from "../../events/layout/field-halves.ts";
import { halvesOfField, numberIn } from "../../events/layout/field-halves.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import type { Page } from "../../tables/memory.ts";
import { half, pageAt, pageHalves } from "../../tables/memory.ts";
import type { Guest } from "../guest.ts";
import { asTablesSeeIt } from "../memory/sight.ts";
import { tableModeOf } from "../registers/registers.ts";
import type { TableMode } from "./context-table.ts";
import { extendedTables, placeIn, scalableTables, tablesOf } from "./context-table.ts";
import type { PathWords } from "./path-words.ts";
import { behindSecond, isNested } from "./second-path.ts";

const modes = Rtaddr.fields.ttm.names;

/** What of a guest says which tables requests are resolved by. */
type Rooted = Pick<Guest, "profile" | "rootPointer">;

/** Whether the latched root pointer names scalable-mode tables that the unit knows. */
export const isScalable = (guest: Rooted): boolean =>
  guest.profile.smts && tableModeOf(guest) === modes.scalable;

/** Whether the latched root pointer names extended tables that the unit knows. */
export const isExtended = (guest: Rooted): boolean =>
  guest.profile.ecs && tableModeOf(guest) === modes.extended;

/** The kind of tables that the latched root pointer names; where the unit knows none, legacy. */
const modeOf = (guest: Rooted): TableMode => {
  if (isExtended(guest)) return "extended";
  return isScalable(guest) ? "scalable" : "legacy";
};

/** The guest page of the next table, by the pointer in the entry that begins at a half. */
export const nextTable = (page: Page | undefined, at: number, next: FieldHalves): number =>
  pageIn(half(page, at + next.half), half(page, at + next.half + 1), next.above);

const ridPasid = halvesOfField(ScalableContextEntry.fields.ridPasid);

/** The PASID of requests without one, by the scalable-mode context entry that begins at a half. */
export const ridPasidIn = (page: Page | undefined, at: number): number =>
  numberIn(ridPasid, half(page, at + ridPasid.half));

/** Pages of an extended PASID table before the one that has a PASID's entry. */
const pagesBefore = (pasid: number): number =>
  placeIn(extendedTables.pasid, 0, pasid) >>> pageHalves.bits;

/**
 * What resolving the requests of a source-id reads, with one PASID or without, from the top:
 * whatever the entries say besides where the next one is.
 */
export function contextPath(
  guest: Rooted & Pick<Guest, "memory">,
  source: number,
  pasid: number | undefined,
): readonly PathWords[] {
  const words: PathWords[] = [];
  const memory = asTablesSeeIt(guest, guest.memory);
  let [start, tag] = [pageOf(guest.rootPointer), pasid ?? 0];
  for (const table of tablesOf(modeOf(guest), pasid)) {
    const { length, next, part } = table;
    const from = placeIn(table, source, tag);
    const [gfn, at] = [start + (from >>> pageHalves.bits), from & pageHalves.mask];
    words.push({ page: gfn, offset: at * 4, bytes: length * 4, part });
    if (next === undefined) continue;
    const page = pageAt(memory, gfn);
    start = nextTable(page, at, next);
    if (table === scalableTables.context) tag = pasid ?? ridPasidIn(page, at);
    if (table !== extendedTables.context || pasid === undefined || !isNested(page, at)) continue;
    const found = behindSecond(guest, page, at, start + pagesBefore(tag), words);
    if (found === undefined) return words;
    start = found - pagesBefore(tag);
  }
  return words;
}
