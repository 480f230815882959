import type { Input } from "../../events/input.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { keepingOut } from "../../machines/host/keeping-out.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { eventLine } from "../../machines/registers/event-line.ts";

/** The key of a chart of which a guest has one. */
export const only = "";

type Requester = Readonly<Record<"source" | "pasid", number | undefined>>;
type Group = Readonly<Record<"device" | "group", number>>;

export const requesterName = ({ source, pasid }: Requester): string => `${source} ${pasid}`;
export const groupName = ({ device, group }: Group): string => `${device} ${group}`;

interface Asked {
  readonly device: number;
  readonly pasid?: number | undefined;
  readonly global?: boolean | undefined;
  readonly iova: bigint;
  readonly length: bigint;
}

/** An invalidation that a device was asked for; what stands before the colon is not shown. */
export const askedName = ({ device, pasid, global, iova, length }: Asked): string =>
  `: ${device} ${pasid} ${global === true} ${iova} ${length}`;

/** What stimuli name their instance by. */
export interface Named extends Group, Requester {
  readonly type: string;
  readonly line: string;
  readonly tag: number | undefined;
  readonly entry: Requester | undefined;
  readonly dropped: Requester | undefined;
  readonly whose: Requester | undefined;
  readonly requested: Group | undefined;
  readonly asked: Asked | undefined;
  readonly answered: { readonly device: number } | undefined;
}

/** Which instance of its chart a stimulus is for, where its fields say so. */
export function keyOf({ chart, stimulus }: ChartStep, input: Input): string {
  const named = stimulus as Named;
  switch (chart) {
    case eventLine:
      return named.line;
    case hostEntry:
      return requesterName(named.entry ?? named.dropped ?? named);
    case keepingOut:
      return requesterName(named.whose ?? named);
    case dmaRequest:
      return `${named.tag}`;
    case pageGroup:
      return groupName(named.type === "StopMarker" ? (input as Named) : (named.requested ?? named));
    default:
      return only;
  }
}
