import type { Range } from "../events/address.ts";
import { isWithin, overlaps } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import {
  coveredOfPasid,
  coveredRange,
  coversContext,
  coversFirstStages,
  coversPasid,
} from "../projections/queue/evolve-queue.ts";
import type { PathEntry, Place } from "./path-entry.ts";
import type { Step } from "./step.ts";
import type { UsedPage } from "./use.ts";

/** An invalidation that covers an entry, or the host entry being made anew. */
export interface Announcement {
  readonly seq: number;
  readonly type:
    | "ContextInvalidated"
    | "PasidCacheInvalidated"
    | "IotlbInvalidated"
    | "PasidIotlbInvalidated"
    | "HostEntryChanged";
}

const requesterIn = (guest: Guest | undefined, { device }: UsedPage): number =>
  deviceAt(guest, device)?.requester ?? device;

/** The pages that an entry translates. */
function pagesOf({ page, level }: PathEntry): Range {
  const span = 512 ** ((level ?? 1) - 1);
  const first = page - (page % span);
  return { first, end: first + span };
}

/** An invalidation for leaves alone says nothing of upper entries. */
const isLeftOut = (fact: { readonly leafOnly?: boolean }, { level }: PathEntry): boolean =>
  fact.leafOnly === true && (level ?? 1) > 1;

/** Whether an IOTLB invalidation covers an entry of a second stage, or of a first one. */
function coversIotlb(
  fact: FactOf<"IotlbInvalidated">,
  host: HostEntry | undefined,
  entry: PathEntry,
): boolean {
  if (fact.scope === "global") return true;
  if (host === undefined) return false;
  if (entry.table === "first stage") return coversFirstStages(fact, host.did);
  const covered = coveredRange(fact, host.did);
  return covered !== undefined && isWithin(entry.page, covered) && !isLeftOut(fact, entry);
}

/** Whether a PASID-based invalidation covers an entry; of upper entries, any part of it. */
function coversPasidIotlb(
  fact: FactOf<"PasidIotlbInvalidated">,
  host: HostEntry | undefined,
  entry: PathEntry,
): boolean {
  const covered = host && coveredOfPasid(fact, { did: host.did, pasid: host.tag });
  return covered !== undefined && overlaps(covered, pagesOf(entry)) && !isLeftOut(fact, entry);
}

/** Whether an invalidation tells the unit that an entry of the path may have changed. */
function covers(fact: Fact, place: Place, step: Step, entry: PathEntry): boolean {
  const guest = step.before.guests[place.guest];
  const source = requesterIn(guest, place);
  const host = guest && hostAt(guest.hosts, source, place.pasid);
  switch (entry.table) {
    case "root":
    case "context":
    case "extended root":
    case "extended context":
      if (fact.type !== "ContextInvalidated") return false;
      if (host !== undefined) return coversContext(fact, host, guest?.profile.ecs === true);
      return fact.scope === "global" || fact.source === source;
    case "PASID directory":
    case "PASID entry":
    case "extended PASID entry":
      if (fact.type !== "PasidCacheInvalidated") return false;
      if (host !== undefined) return coversPasid(fact, host, guest?.profile.ecs === true);
      return fact.scope === "global" || fact.pasid === place.pasid;
    case "first stage":
      if (fact.type === "PasidIotlbInvalidated") return coversPasidIotlb(fact, host, entry);
      return fact.type === "IotlbInvalidated" && coversIotlb(fact, host, entry);
    case "second stage":
      return fact.type === "IotlbInvalidated" && coversIotlb(fact, host, entry);
  }
}

const types: readonly string[] = [
  "ContextInvalidated",
  "PasidCacheInvalidated",
  "IotlbInvalidated",
  "PasidIotlbInvalidated",
] satisfies readonly Announcement["type"][];

const isInvalidation = (type: string): type is Announcement["type"] => types.includes(type);

/** The first fact of a step that announces changes of an entry. */
export function announcementIn(
  step: Step,
  place: Place,
  entry: PathEntry,
): Announcement | undefined {
  const [before, after] = [step.before.guests[place.guest], step.after.guests[place.guest]];
  const source = requesterIn(after, place);
  const spaceIn = (guest: Guest | undefined) =>
    guest && hostAt(guest.hosts, source, place.pasid)?.space;
  // What is cached of a first stage outlives a host entry that is made anew over it.
  const keepsCaches = entry.table === "first stage" && spaceIn(before) === spaceIn(after);
  for (const [index, fact] of step.facts.entries()) {
    if ((fact.guest ?? 0) !== place.guest) continue;
    const { type } = fact;
    const seq = step.seq + 1 + index;
    const isOwn =
      type === "HostEntryChanged" && fact.source === source && fact.pasid === place.pasid;
    if (isOwn && !keepsCaches) return { seq, type };
    if (isInvalidation(type) && covers(fact, place, step, entry)) return { seq, type };
  }
  return undefined;
}
