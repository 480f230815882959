import { pageOf } from "../../events/address.ts";
import {
  ContextEntry,
  contextReserved,
  levelsOfWidth,
} from "../../events/context/context-entry.ts";
import { RootEntry, rootReserved } from "../../events/context/root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { fieldHalves, maskHalves } from "../../events/layout/field-halves.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { legacyTables } from "../../projections/context/context-table.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { perProfile } from "../memory/guest-memory.ts";
import type { ContextStep, EntryCursor } from "./entry-cursor.ts";
import { fieldOf, hasAny, isSet, newCursor, pointerOf, readEntry } from "./entry-cursor.ts";

/** What scalable mode adds: which PASID's entry was read, and what it and its context allow. */
export interface PasidPart {
  /** The PASID of the request, or that for requests without one. */
  readonly tag: number;
  /** Supervisor and execute requests are allowed. */
  readonly sre: boolean;
  readonly ere: boolean;
  /** Requests ask for supervisor rights whether they say so or not. */
  readonly privileged: boolean;
  /** Translation requests and translated requests are allowed; page requests are. */
  readonly dte: boolean;
  readonly pre: boolean;
}

/** What all that the guest says of a request without an error has. */
interface Found {
  readonly did: number;
  readonly fpd: boolean;
  /** `undefined` in legacy mode, and in version 2.x for requests without PASID. */
  readonly pasid: PasidPart | undefined;
  /**
   * Where `pasid` does not say it: translation requests and translated requests are allowed; page
   * requests are.
   */
  readonly ats?: boolean;
  readonly pri?: boolean;
}

/** Guest page of the top second-stage table, and its levels. */
export interface SecondStage {
  readonly root: number;
  readonly levels: Levels;
}

/** What the guest's tables say of the requests of one source-id, with one PASID or without. */
export type Context =
  | {
      readonly kind: "blocked";
      readonly reason: number;
      readonly fpd: boolean;
      /** Missing when the error lies above the PASID directory. */
      readonly pasid?: PasidPart | undefined;
      /** Of an extended context entry that is valid; else 0. */
      readonly did?: number;
      /** What that entry allows. */
      readonly ats?: boolean;
      readonly pri?: boolean;
    }
  | ({ readonly kind: "passThrough" } & Found)
  | ({ readonly kind: "tables" } & Found & SecondStage)
  /** What is valid and the host cannot do. */
  | ({ readonly kind: "refused" } & Found)
  | ({
      readonly kind: "firstStage";
      readonly first: FirstStageRules;
      /** Under it, when it is nested. */
      readonly second: SecondStage | undefined;
    } & Found);

const blocked = (code: number, fpd = false): Context => ({ kind: "blocked", reason: code, fpd });

const reservedBits = perProfile((profile) => ({
  root: maskHalves(rootReserved(profile), RootEntry.width),
  context: maskHalves(contextReserved(profile), ContextEntry.width),
}));

const { present: hasTable } = fieldHalves(RootEntry);
const { present, fpd: fpdBit, tt: type, aw, did: domain, ssptptr } = fieldHalves(ContextEntry);
const { passThrough, untranslated, all } = ContextEntry.fields.tt.names;

function isTypeSupported(profile: Profile, tt: number): boolean {
  if (tt === untranslated) return true;
  return tt === passThrough ? profile.passThrough : tt === all && profile.deviceTlb;
}

/**
 * What a present context entry says. Order of checks: reserved bits, then width and translation
 * type.
 */
function contextOf(entry: EntryCursor, fpd: boolean): Context {
  const { profile } = entry.guest;
  if (hasAny(entry, reservedBits(profile).context)) return blocked(reason.contextReserved, fpd);
  const levels = levelsOfWidth(fieldOf(entry, aw)) as Levels;
  const tt = fieldOf(entry, type);
  if (!profile.levels.has(levels) || !isTypeSupported(profile, tt)) {
    return blocked(reason.contextInvalid, fpd);
  }
  const did = fieldOf(entry, domain);
  const pasid = undefined;
  if (tt === passThrough) return { kind: "passThrough", did, fpd, pasid };
  const root = pointerOf(entry, ssptptr);
  return { kind: "tables", did, fpd, pasid, root, levels, ats: tt === all };
}

/**
 * Reads the legacy root and context entries of a source-id as they are in guest memory, through the
 * latched root pointer. Order of checks: access (8h), present (1h) and reserved bits (Ah) of the
 * root entry, then of the context entry (9h, 2h, Bh), then its width and type (3h).
 *
 * @param step  told of each entry read.
 */
export function resolveLegacy(
  guest: Guest,
  source: number,
  step?: (step: ContextStep) => void,
): Context {
  const { root, context } = legacyTables;
  const entry = newCursor(guest, source, step);
  if (!readEntry(entry, root, pageOf(guest.rootPointer))) return blocked(reason.rootAccess);
  if (!isSet(entry, hasTable)) return blocked(reason.rootNotPresent);
  if (hasAny(entry, reservedBits(guest.profile).root)) return blocked(reason.rootReserved);
  if (!readEntry(entry, context, pointerOf(entry, root.next))) {
    return blocked(reason.contextAccess);
  }
  const fpd = isSet(entry, fpdBit);
  if (!isSet(entry, present)) return blocked(reason.contextNotPresent, fpd);
  return contextOf(entry, fpd);
}
