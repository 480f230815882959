import type { SourceId } from "../../events/address.ts";

/** A group of page requests that a device has sent and that was not answered. */
export interface PageGroup {
  readonly device: SourceId;
  /** The device's own number for it. */
  readonly group: number;
  readonly pasid: number | undefined;
  /** The last request of the group is still to come, or the answer is. */
  readonly state: "collecting" | "awaiting";
}

/** PRS, and what the devices wait for. */
export interface PageRequests {
  /** PPR: software has not acknowledged what is in the queue. */
  readonly pending: boolean;
  /** PRO: a request found the queue full. */
  readonly overflow: boolean;
  /** By device and number. */
  readonly groups: Readonly<Record<number, PageGroup>>;
}

export const noPageRequests: PageRequests = { pending: false, overflow: false, groups: {} };

const groupKey = (device: number, group: number): number => device * 512 + group;

/** A group of a device that was not answered, or `undefined`. */
export const groupAt = (
  { groups }: PageRequests,
  device: number,
  group: number,
): PageGroup | undefined => groups[groupKey(device, group)];

/** PRS as software reads it. */
export const pageRequestStatus = ({ pending, overflow }: PageRequests): bigint =>
  BigInt((pending ? 1 : 0) | (overflow ? 2 : 0));

/** The requests with a group as it is now. */
export const withGroup = (requests: PageRequests, group: PageGroup): PageRequests => ({
  ...requests,
  groups: { ...requests.groups, [groupKey(group.device, group.group)]: group },
});

/** The requests without a group. */
export function withoutGroup(requests: PageRequests, device: number, group: number): PageRequests {
  const { [groupKey(device, group)]: _answered, ...groups } = requests.groups;
  return { ...requests, groups };
}

/** The requests without the groups of a device. */
export const withoutGroupsOf = (requests: PageRequests, device: SourceId): PageRequests =>
  Object.values(requests.groups)
    .filter((one) => one.device === device)
    .reduce((left, { group }) => withoutGroup(left, device, group), requests);
