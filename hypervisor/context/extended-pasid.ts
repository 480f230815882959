import { extendedTypes } from "../../events/context/extended-context-entry.ts";
import { extendedReason } from "../../events/fault/extended-reason.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { extendedTables, placeIn } from "../../projections/context/context-table.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import { frameOf } from "../../tables/mapping.ts";
import { pageHalves } from "../../tables/memory.ts";
import { tableFault } from "../first-stage/first-stage-rules.ts";
import { pageLimit } from "../shadow/synchronise.ts";
import { walkTables } from "../shadow/walk-second-stage.ts";
import type { Context, PasidPart, SecondStage } from "./context.ts";
import type { EntryCursor } from "./entry-cursor.ts";
import { fieldOf, hasAny, isSet, pointerOf, readEntry } from "./entry-cursor.ts";
import {
  commonOf,
  contextBits,
  pasidBits,
  reservedBits,
  secondOf,
  usesPasids,
} from "./extended-entry.ts";

const { pts, ere, neste, t } = contextBits;

/** Why a request may not have the PASID that it has, or 0. */
function pasidFault(entry: EntryCursor, pasid: number): number {
  // Reading: a type without PASIDs blocks them as it blocks translation requests.
  if (fieldOf(entry, t) === extendedTypes.passThrough) return reason.typeBlocked;
  if (!usesPasids(entry)) return reason.extendedPasidDisabled;
  return pasid < 2 ** (fieldOf(entry, pts) + 5) ? 0 : reason.extendedPasidBeyond;
}

/**
 * Where the PASID table begins for the entry of a PASID, as a guest page, or why it cannot be
 * reached. Under nesting its address is one of the second stage, page by page.
 */
function tableFor(
  entry: EntryCursor,
  pasid: number,
  second: SecondStage | undefined,
): { readonly start: number } | { readonly fault: number } {
  const start = pointerOf(entry, extendedTables.context.next);
  if (second === undefined) return { start };
  const pages = placeIn(extendedTables.pasid, 0, pasid) >>> pageHalves.bits;
  const limit = pageLimit(entry.guest, second.levels);
  const { root, levels } = second;
  const page = start + pages;
  const place = page < limit ? walkTables(entry.guest, root, levels, page) : undefined;
  const fault = extendedReason(tableFault(place, false), false);
  return fault !== 0 || place === undefined ? { fault } : { start: frameOf(place) - pages };
}

/** What a context entry says of the first stages of its PASIDs; the root is the PASID entry's. */
const rulesOf = (entry: EntryCursor): Omit<FirstStageRules, "root"> => ({
  levels: 4,
  wpe: isSet(entry, contextBits.wpe),
  nxe: isSet(entry, contextBits.nxe),
  smep: isSet(entry, contextBits.smep),
  eafe: isSet(entry, contextBits.eafe),
});

/** A request with PASID: by its first stage, alone or over the context's second stage. */
export function withPasid(entry: EntryCursor, pasid: number): Context {
  const { fpd: isSuppressed, guest } = entry;
  const common = commonOf(entry);
  const wrong = (code: number, part?: PasidPart): Context => ({
    ...common,
    ...{ kind: "blocked", reason: code, fpd: isSuppressed, pasid: part },
  });
  const fault = pasidFault(entry, pasid);
  if (fault !== 0) return wrong(fault);
  const { ats: dte, pri } = common;
  const part = { tag: pasid, sre: false, ere: isSet(entry, ere), privileged: false, dte, pre: pri };
  const [first, second] = [rulesOf(entry), isSet(entry, neste) ? secondOf(entry) : undefined];
  // Reading: what the host keeps of a second stage does not tell who may execute.
  const isRefused = second !== undefined && isSet(entry, contextBits.slee);
  const table = tableFor(entry, pasid, second);
  if ("fault" in table) return wrong(table.fault, part);
  entry.tag = pasid;
  if (!readEntry(entry, extendedTables.pasid, table.start)) {
    return wrong(reason.extendedPasidAccess, part);
  }
  if (!isSet(entry, pasidBits.present)) return wrong(reason.extendedPasidNotPresent, part);
  const reserved = reservedBits(guest.profile).pasid[second === undefined ? 0 : 1] as Int32Array;
  if (hasAny(entry, reserved)) return wrong(reason.extendedPasidReserved, part);
  const found = {
    ...{ did: common.did, fpd: isSuppressed },
    pasid: { ...part, sre: isSet(entry, pasidBits.sre) },
  };
  if (isRefused) return { kind: "refused", ...found };
  return {
    kind: "firstStage",
    ...found,
    first: { ...first, root: pointerOf(entry, pasidBits.flptptr) },
    second,
  };
}
