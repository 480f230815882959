import { pageOf } from "../events/address.ts";
import { ContextEntry, contextReserved } from "../events/context-entry.ts";
import { reason } from "../events/fault-reason.ts";
import type { Levels, Profile } from "../events/profile.ts";
import { RootEntry, rootReserved } from "../events/root-entry.ts";
import type { Guest } from "../projections/guest.ts";
import { pageAt, wordIn } from "../projections/memory.ts";
import { readable } from "../projections/p2m.ts";

/** What the guest's root and context entries say of one source-id. */
export type Context =
  | { readonly kind: "blocked"; readonly reason: number; readonly fpd: boolean }
  | { readonly kind: "passThrough"; readonly did: number; readonly fpd: boolean }
  | {
      readonly kind: "tables";
      readonly did: number;
      readonly fpd: boolean;
      /** Guest page of the top table. */
      readonly root: number;
      readonly levels: Levels;
    };

/** An entry that the walk read. */
export interface ContextStep {
  readonly table: "root" | "context";
  /** Its GPA in bytes. */
  readonly address: bigint;
  /** 128 bits, or `undefined` when the page cannot be read. */
  readonly entry: bigint | undefined;
}

const blocked = (code: number, fpd = false): Context => ({ kind: "blocked", reason: code, fpd });

/** The 16-byte entry at a GPA that is a multiple of 16, or `undefined` when the P2M does not let it be read. */
function readEntry(guest: Guest, address: bigint): bigint | undefined {
  const gfn = pageOf(address);
  if (!readable(guest.p2m, gfn)) return undefined;
  const page = pageAt(guest.memory, gfn);
  const offset = Number(address & 0xfffn);
  return wordIn(page, offset) | (wordIn(page, offset + 8) << 64n);
}

const passThrough = ContextEntry.fields.tt.names.passThrough;
const untranslated = ContextEntry.fields.tt.names.untranslated;

function isTypeSupported(profile: Profile, tt: number): boolean {
  if (tt === untranslated) return true;
  if (tt === passThrough) return profile.passThrough;
  return tt === ContextEntry.fields.tt.names.all && profile.deviceTlb;
}

/** What a present context entry says. Order of checks: reserved bits, then width and translation type. */
function contextOf(profile: Profile, word: bigint): Context {
  const { fpd, tt, ssptptr, aw, did } = ContextEntry.decode(word);
  if ((word & contextReserved(profile)) !== 0n) return blocked(reason.contextReserved, fpd);
  const levels = (aw + 2) as Levels;
  if (!profile.levels.has(levels)) return blocked(reason.contextInvalid, fpd);
  if (!isTypeSupported(profile, tt)) return blocked(reason.contextInvalid, fpd);
  if (tt === passThrough) return { kind: "passThrough", did, fpd };
  return { kind: "tables", did, fpd, root: pageOf(ssptptr), levels };
}

/**
 * Reads the root and context entries of a source-id as they are in guest memory, through the latched root pointer.
 * Order of checks: access (8h), present (1h) and reserved bits (Ah) of the root entry, then of the context entry (9h,
 * 2h, Bh), then its width and type (3h).
 *
 * @param step  told of each entry read.
 */
export function resolveContext(
  guest: Guest,
  source: number,
  step: (step: ContextStep) => void = () => {},
): Context {
  const { profile, rootPointer } = guest;
  const rootAddress = (rootPointer & ~0xfffn) + BigInt(source >> 8) * 16n;
  const root = readEntry(guest, rootAddress);
  step({ table: "root", address: rootAddress, entry: root });
  if (root === undefined) return blocked(reason.rootAccess);
  const { present, ctp } = RootEntry.decode(root);
  if (!present) return blocked(reason.rootNotPresent);
  if ((root & rootReserved(profile)) !== 0n) return blocked(reason.rootReserved);
  const address = ctp + BigInt(source & 0xff) * 16n;
  const entry = readEntry(guest, address);
  step({ table: "context", address, entry });
  if (entry === undefined) return blocked(reason.contextAccess);
  const { present: valid, fpd } = ContextEntry.decode(entry);
  if (!valid) return blocked(reason.contextNotPresent, fpd);
  return contextOf(profile, entry);
}
