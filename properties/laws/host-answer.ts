import { faultReasons, reason } from "../../events/fault/fault-reason.ts";
import type { Access } from "../../events/input.ts";
import { walkFirstStage } from "../../hypervisor/first-stage/walk-first-stage.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import {
  behindP2m,
  frameOf,
  outcomeName,
  readCode,
  sizeName,
  sizeOf,
  writeCode,
} from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import { nameOf } from "../oracle/extended/source.ts";
import type { Key } from "../oracle/oracle.ts";

/** What the host's entry and tables do with one access to one page; IOTLB and device TLBs aside. */
export type HostAnswer =
  | { readonly hfn: number; readonly size: string }
  | { readonly fault: number; readonly suppressed: boolean }
  | { readonly hole: true };

/** Reasons of what a second stage says, in legacy and in scalable mode. */
const reasons: Readonly<Record<string, readonly [number, number]>> = {
  reserved: [reason.tableReserved, reason.secondStageReserved],
  access: [reason.tableAccess, reason.secondStageAccess],
  root: [reason.contextInvalid, reason.secondStageRoot],
  interrupt: [reason.interruptRange, reason.scalableInterruptRange],
};

/** What a mapping of a shadow or the P2M does with an access. */
function ofMapping(
  mapping: number,
  access: Access,
  { fpd, tag }: Pick<HostEntry, "fpd" | "tag">,
): HostAnswer {
  const outcome = outcomeName(access === "read" ? readCode(mapping) : writeCode(mapping));
  if (outcome === "ok") return { hfn: frameOf(mapping), size: sizeName(sizeOf(mapping)) };
  if (outcome === "hole") return { hole: true };
  const legacyDenied = access === "read" ? reason.readDenied : reason.writeDenied;
  const other = outcomeName(access === "read" ? writeCode(mapping) : readCode(mapping));
  const lacking = access === "read" ? reason.scalableReadDenied : reason.scalableWriteDenied;
  const denied = [legacyDenied, other === outcome ? reason.secondStageDenied : lacking] as const;
  return { fault: (reasons[outcome] ?? denied)[tag === undefined ? 0 : 1], suppressed: fpd };
}

function ofP2m(guest: Guest, page: number, access: Access): HostAnswer {
  const answer = ofMapping(get(guest.p2m, page), access, { fpd: false, tag: undefined });
  return "fault" in answer ? { hole: true } : answer;
}

/** What untranslated requests meet: the P2M, within limits that depend on the mode. */
function ofPassThrough(guest: Guest, entry: HostEntry, page: number, access: Access): HostAnswer {
  const { haw } = guest.profile;
  const fault = (code: number): HostAnswer => ({ fault: code, suppressed: entry.fpd });
  if (guest.charts.translation !== "enabled") return ofP2m(guest, page, access);
  if (entry.tag === undefined) {
    return page >= 2 ** (haw - 12) ? fault(reason.beyondWidth) : ofP2m(guest, page, access);
  }
  if (page >= 2 ** (haw - 12)) return fault(reason.beyondHardware);
  const isInterrupt = page >= 0xfee00 && page <= 0xfeeff;
  if (entry.pasid !== undefined && isInterrupt) return fault(reason.scalableInterruptRange);
  return ofP2m(guest, page, access);
}

/** Pages that the tables of a shadow are wide enough for. */
const limitOf = (guest: Guest, levels: number): number =>
  2 ** (Math.min(guest.profile.mgaw, 12 + 9 * levels) - 12);

function ofShadow(guest: Guest, entry: HostEntry, page: number, access: Access): HostAnswer {
  const shadow = shadowAt(guest, entry.shadow);
  if (shadow === undefined) return { fault: -1, suppressed: false };
  const scalable = entry.tag !== undefined;
  const beyond = scalable ? reason.secondStageBeyondWidth : reason.beyondWidth;
  if (page >= limitOf(guest, shadow.levels)) return { fault: beyond, suppressed: entry.fpd };
  return ofMapping(get(shadow.host, page), access, entry);
}

/** What hardware does that walks the guest's own first stage, over the shadow if there is one. */
function ofFirstStage(guest: Guest, entry: HostEntry, page: number, access: Access): HostAnswer {
  const stage = guest.spaces[entry.space ?? 0];
  if (stage === undefined) return { fault: -1, suppressed: false };
  const shadow = shadowAt(guest, stage.shadow);
  const second = (at: number): number | undefined =>
    shadow !== undefined && at < limitOf(guest, shadow.levels) ? get(shadow.stage, at) : undefined;
  const ask = { write: access === "write", execute: false, privileged: entry.privileged };
  const under = shadow === undefined ? undefined : second;
  const { fault, mapping } = walkFirstStage(guest, stage, page, ask, { second: under });
  if (fault !== 0) {
    return { fault, suppressed: entry.fpd && faultReasons.get(fault)?.qualified === true };
  }
  return ofMapping(behindP2m(mapping, get(guest.p2m, frameOf(mapping))), access, entry);
}

/** All that the answer for a key depends on, for those who asked before. */
export function hostParts(guest: Guest, { sid, pasid, page }: Key): readonly unknown[] {
  const { hosts, charts, profile, p2m, spaces, memory } = guest;
  const { translation } = charts;
  const entry = hostAt(hosts, sid, translation === "enabled" ? pasid : undefined);
  if (entry?.state === "shadowed") {
    const shadow = shadowAt(guest, entry.shadow);
    return [profile, translation, entry, shadow?.levels, shadow && get(shadow.host, page)];
  }
  if (entry?.state !== "nested") return [profile, translation, entry, p2m];
  const stage = spaces[entry.space ?? 0];
  return [profile, translation, entry, p2m, memory, stage, shadowAt(guest, stage?.shadow)?.stage];
}

/**
 * What the physical IOMMU does for a plain request from its entry and tables alone.
 *
 * @returns `undefined` where it has no part: no entry, a virtual device, a device that is refused,
 * and an entry that faults without caching mode, which is read anew for every request.
 */
export function hostAnswer(guest: Guest, key: Key, access: Access): HostAnswer | undefined {
  const answer = answerOf(guest, key, access);
  if (answer === undefined || !("fault" in answer) || !guest.profile.ecs) return answer;
  return { ...answer, fault: nameOf(answer.fault, access) };
}

function answerOf(guest: Guest, { sid, pasid, page }: Key, access: Access): HostAnswer | undefined {
  const enabled = guest.charts.translation === "enabled";
  const entry = hostAt(guest.hosts, sid, enabled ? pasid : undefined);
  if (entry === undefined) return undefined;
  const denied = entry.privileged && !entry.sre;
  if (denied && /^(passThrough|shadowed|nested)$/.test(entry.state)) {
    return { fault: reason.supervisorDisabled, suppressed: entry.fpd };
  }
  switch (entry.state) {
    case "blocked": {
      if (!guest.profile.cachingMode) return undefined;
      const qualified = faultReasons.get(entry.reason)?.qualified === true;
      return { fault: entry.reason, suppressed: entry.fpd && qualified };
    }
    case "passThrough":
      return ofPassThrough(guest, entry, page, access);
    case "shadowed":
      return ofShadow(guest, entry, page, access);
    case "nested":
      return ofFirstStage(guest, entry, page, access);
    default:
      return undefined;
  }
}
