import type { Directory } from "./directory.ts";
import type { ExtendedSource } from "./extended/source.ts";
import { byContext, byPasid, hasExtended, pasidFault, readPasidEntry } from "./extended/source.ts";
import type { PasidValue, Space, Tables } from "./pasid-entry.ts";
import { readPasid } from "./pasid-entry.ts";
import type { SourceEntry } from "./scalable.ts";
import { readSource } from "./scalable.ts";
import type { Unit, Word } from "./walk.ts";
import { bits } from "./word.ts";

/** What a request says of itself, source-id, address and direction aside. */
export interface Asked {
  /** Nothing: a request without PASID. */
  readonly pasid?: number | undefined;
  readonly privileged?: boolean | undefined;
  readonly execute?: boolean | undefined;
}

/** What root, context, directory and PASID entry make of a request. */
export type Resolution =
  | { readonly kind: "fault"; readonly reason: number; readonly fpd: boolean }
  | {
      readonly kind: "passThrough";
      readonly did: number;
      readonly fpd: boolean;
      readonly scalable: boolean;
    }
  | ({ readonly kind: "tables"; readonly fpd: boolean; readonly scalable: boolean } & Tables)
  | {
      readonly kind: "firstStage";
      readonly did: number;
      readonly fpd: boolean;
      readonly space: Space;
      readonly privileged: boolean;
    };

/** What the entries of a request resolve to now, and all that they may resolve to. */
export interface Resolved {
  readonly current: Resolution;
  /** Each once, `current` among them. */
  readonly all: readonly Resolution[];
  readonly dirty: boolean;
  readonly complete: boolean;
}

/** The PASID that a request uses under a directory, or the reason why it has none. */
export function pasidUnder(
  unit: Unit,
  directory: Directory | ExtendedSource,
  asked: Asked,
): { readonly pasid: number } | { readonly reason: number } {
  const { pasid } = asked;
  if (directory.kind === "extended") {
    const reason = pasid === undefined ? 0 : pasidFault(directory, asked);
    return reason === undefined && pasid !== undefined ? { pasid } : { reason: reason ?? 0 };
  }
  if (pasid === undefined) return { pasid: directory.ridPasid };
  if (!directory.pasidEnabled) return { reason: 0x45 };
  if (pasid >= 2 ** directory.pasidBits) return { reason: 0x46 };
  if (pasid === directory.ridPasid) return { reason: 0x48 };
  return pasid < 2 ** (bits(unit.ecap, 39, 35) + 1) ? { pasid } : { reason: 0x89 };
}

/** What a source's entry alone makes of a request; nothing where a PASID entry decides. */
export function withoutPasidEntry(
  unit: Unit,
  entry: SourceEntry,
  asked: Asked,
): Resolution | undefined {
  if (entry.kind === "fault") return entry;
  if (entry.kind === "extended") return byContext(entry, asked);
  if (entry.kind === "legacy") {
    const { context } = entry;
    // Found before anything is read: no entry's FPD counts.
    if (asked.pasid !== undefined) {
      return { kind: "fault", reason: hasExtended(unit) ? 0x1c : 0x31, fpd: false };
    }
    return context.kind === "fault" ? context : { ...context, scalable: false };
  }
  const used = pasidUnder(unit, entry, asked);
  return "reason" in used ? { kind: "fault", reason: used.reason, fpd: entry.fpd } : undefined;
}

/** What a directory and a PASID entry in it make of a request. */
export function withPasidEntry(
  entry: Directory | ExtendedSource,
  value: PasidValue,
  asked: Asked,
): Resolution {
  if (entry.kind === "extended") return byPasid(entry, value, asked);
  const fpd = entry.fpd || value.fpd;
  if (value.kind === "fault") return { ...value, fpd };
  const withPasid = asked.pasid !== undefined;
  const privileged = withPasid ? asked.privileged === true : entry.ridPrivileged;
  if (withPasid && asked.execute === true && !value.execute) {
    return { kind: "fault", reason: 0x5c, fpd };
  }
  if (privileged && !value.privileged) return { kind: "fault", reason: 0x5d, fpd };
  const { did, leads } = value;
  if (leads.kind === "passThrough") return { kind: "passThrough", did, fpd, scalable: true };
  if (leads.kind === "tables") return { kind: "tables", fpd, scalable: true, ...leads.tables };
  return { kind: "firstStage", did, fpd, space: leads.space, privileged };
}

/** Resolves a request by the entries as they are now. The words are those read, in order. */
export function resolve(
  unit: Unit,
  request: Asked & { readonly sid: number },
): { resolution: Resolution; words: Word[] } {
  const { entry, words } = readSource(unit, request.sid);
  const early = withoutPasidEntry(unit, entry, request);
  const isRefused = entry.kind === "legacy" && request.pasid !== undefined;
  if (early !== undefined && isRefused) return { resolution: early, words: [] };
  if (early !== undefined || !(entry.kind === "directory" || entry.kind === "extended")) {
    return { resolution: early ?? { kind: "fault", reason: 0x30, fpd: false }, words };
  }
  const used = pasidUnder(unit, entry, request);
  const pasid = "pasid" in used ? used.pasid : 0;
  const { value, words: more } =
    entry.kind === "extended" ? readPasidEntry(unit, entry, pasid) : readPasid(unit, entry, pasid);
  return { resolution: withPasidEntry(entry, value, request), words: [...words, ...more] };
}
