import type { SourceId } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import { frozen } from "../../events/frozen.ts";
import { Prs } from "../../events/registers/page-request.ts";
import type { PageGroupState } from "../../machines/page-request/page-group.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import type { PageRequestQueueState } from "../../machines/page-request/page-request-queue.ts";
import { pageRequestQueue } from "../../machines/page-request/page-request-queue.ts";

/** A group of page requests that a device has sent and that was not answered. */
export interface PageGroup {
  readonly device: SourceId;
  /** The device's own number for it. */
  readonly group: number;
  readonly pasid: number | undefined;
  /** The last request of the group is still to come, or the answer is. */
  readonly state: Exclude<PageGroupState, "idle">;
}

/** PRS, and what the devices wait for. */
export interface PageRequests {
  /**
   * PPR: software has not acknowledged what is in the queue; PRO: a request found the queue full.
   */
  readonly state: PageRequestQueueState;
  /** By device and number. */
  readonly groups: Readonly<Record<number, PageGroup>>;
}

export const noPageRequests: PageRequests = frozen({
  state: pageRequestQueue.initial,
  groups: {},
});

const groupKey = (device: number, group: number): number => device * 512 + group;

/** A group of a device that was not answered, or `undefined`. */
export const groupAt = (
  { groups }: PageRequests,
  device: number,
  group: number,
): PageGroup | undefined => groups[groupKey(device, group)];

/** Whether a request found no room, and software has not said that it knows. */
export const hasOverflow = ({ state }: PageRequests): boolean =>
  state === "overflowed" || state === "overflowedPending";

/** PRS as software reads it; of a unit of version 2.x FSTS has the overflow instead. */
export const pageRequestStatus = (requests: PageRequests, ecs: boolean): bigint =>
  Prs.encode({
    ppr: requests.state === "pending" || requests.state === "overflowedPending",
    pro: !ecs && hasOverflow(requests),
  });

/** The requests without a group. */
function withoutGroup(requests: PageRequests, device: number, group: number): PageRequests {
  const { [groupKey(device, group)]: _answered, ...groups } = requests.groups;
  return { ...requests, groups };
}

/** The requests without the groups of a device. */
export const withoutGroupsOf = (requests: PageRequests, device: SourceId): PageRequests =>
  Object.values(requests.groups)
    .filter((one) => one.device === device)
    .reduce((left, { group }) => withoutGroup(left, device, group), requests);

/** A group after a fact about it, as its chart says; an idle one is not kept. */
export function groupAfter(
  requests: PageRequests,
  fact: FactOf<"PageRequested"> | FactOf<"PageGroupAnswered">,
): PageRequests {
  const { device, group, pasid } = fact;
  const known = groupAt(requests, device, group);
  const unit = { pasid: known?.pasid };
  const state = pageGroup.after(known?.state ?? pageGroup.initial, fact, unit);
  if (state === "idle") return withoutGroup(requests, device, group);
  const now: PageGroup = { device, group, pasid, state };
  return { ...requests, groups: { ...requests.groups, [groupKey(device, group)]: now } };
}

/** The requests with PRS as its chart says. */
export const statusAfter = (requests: PageRequests, fact: Fact): PageRequests => ({
  ...requests,
  state: pageRequestQueue.after(requests.state, fact),
});
