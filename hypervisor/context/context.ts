import { pageOf } from "../../events/address.ts";
import { ContextEntry, contextReserved } from "../../events/context/context-entry.ts";
import { rootReserved } from "../../events/context/root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import type { FirstStageRules } from "../../projections/first-stage/first-stage.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Page } from "../../tables/memory.ts";
import { half, wordIn } from "../../tables/memory.ts";
import { tablePage } from "../memory/table-page.ts";
import { perProfile } from "../per-profile.ts";

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
  /** `undefined` in legacy mode. */
  readonly pasid: PasidPart | undefined;
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
    }
  | ({ readonly kind: "passThrough" } & Found)
  | ({
      readonly kind: "tables";
      /** In legacy mode: translation requests and translated requests are allowed. */
      readonly ats?: boolean;
    } & Found &
      SecondStage)
  /** What is valid and the host cannot do. */
  | ({ readonly kind: "refused" } & Found)
  | ({
      readonly kind: "firstStage";
      readonly first: FirstStageRules;
      /** Under it, when it is nested. */
      readonly second: SecondStage | undefined;
    } & Found);

/** An entry that the walk read. */
export interface ContextStep {
  readonly table: "root" | "context" | "PASID directory" | "PASID entry";
  /** Its GPA in bytes. */
  readonly address: bigint;
  /** All of its bits, or `undefined` when the page cannot be read. */
  readonly entry: bigint | undefined;
}

const blocked = (code: number, fpd = false): Context => ({ kind: "blocked", reason: code, fpd });

/** The 128 bits of entry `index` of a table. */
const wholeEntry = (page: Page, index: number): bigint =>
  wordIn(page, index * 16) | (wordIn(page, index * 16 + 8) << 64n);

/** Four halves of 32 bits, least significant first, as one number each. */
type Halves = readonly [number, number, number, number];

const halvesOf = (mask: bigint): Halves => [
  Number(BigInt.asUintN(32, mask)),
  Number(BigInt.asUintN(32, mask >> 32n)),
  Number(BigInt.asUintN(32, mask >> 64n)),
  Number(BigInt.asUintN(32, mask >> 96n)),
];

interface ReservedHalves {
  readonly root: Halves;
  readonly context: Halves;
}
const reservedHalves = perProfile(
  (profile): ReservedHalves => ({
    root: halvesOf(rootReserved(profile)),
    context: halvesOf(contextReserved(profile)),
  }),
);

const anySet = (page: Page, index: number, mask: Halves): boolean =>
  (half(page, index * 4) & mask[0]) !== 0 ||
  (half(page, index * 4 + 1) & mask[1]) !== 0 ||
  (half(page, index * 4 + 2) & mask[2]) !== 0 ||
  (half(page, index * 4 + 3) & mask[3]) !== 0;

/** The guest page that bits 63:12 of an entry's low word name. */
const pointerOf = (page: Page, index: number): number =>
  (half(page, index * 4) >>> 12) + half(page, index * 4 + 1) * 0x100000;

const { passThrough, untranslated, all } = ContextEntry.fields.tt.names;

function isTypeSupported(profile: Profile, tt: number): boolean {
  if (tt === untranslated) return true;
  return tt === passThrough ? profile.passThrough : tt === all && profile.deviceTlb;
}

/**
 * What a present context entry says. Order of checks: reserved bits, then width and translation
 * type.
 */
function contextOf(profile: Profile, page: Page, index: number, fpd: boolean): Context {
  if (anySet(page, index, reservedHalves(profile).context)) {
    return blocked(reason.contextReserved, fpd);
  }
  const third = half(page, index * 4 + 2);
  const levels = ((third & 7) + 2) as Levels;
  const tt = (half(page, index * 4) >>> 2) & 3;
  if (!profile.levels.has(levels) || !isTypeSupported(profile, tt)) {
    return blocked(reason.contextInvalid, fpd);
  }
  const did = (third >>> 8) & 0xffff;
  const found = { did, fpd, pasid: undefined };
  if (tt === passThrough) return { kind: "passThrough", ...found };
  return { kind: "tables", ...found, root: pointerOf(page, index), levels, ats: tt === all };
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
  const { profile, rootPointer } = guest;
  const [bus, devfn] = [source >> 8, source & 0xff];
  const rootPage = pageOf(rootPointer);
  const roots = tablePage(guest, rootPage);
  const note = (table: ContextStep["table"], gfn: number, index: number, page?: Page): void => {
    const address = (BigInt(gfn) << 12n) + BigInt(index * 16);
    step?.({ table, address, entry: page === undefined ? undefined : wholeEntry(page, index) });
  };
  if (step !== undefined) note("root", rootPage, bus, roots);
  if (roots === undefined) return blocked(reason.rootAccess);
  if ((half(roots, bus * 4) & 1) === 0) return blocked(reason.rootNotPresent);
  if (anySet(roots, bus, reservedHalves(profile).root)) return blocked(reason.rootReserved);
  const gfn = pointerOf(roots, bus);
  const page = tablePage(guest, gfn);
  if (step !== undefined) note("context", gfn, devfn, page);
  if (page === undefined) return blocked(reason.contextAccess);
  const low = half(page, devfn * 4);
  const fpd = (low & 2) !== 0;
  if ((low & 1) === 0) return blocked(reason.contextNotPresent, fpd);
  return contextOf(profile, page, devfn, fpd);
}
