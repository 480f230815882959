import { sourceId } from "../../events/address.ts";
import type { PageResponse } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { ExtendedGroupResponseDescriptor } from "../../events/queue/extended-layouts.ts";
import { PageGroupResponseDescriptor } from "../../events/queue/scalable-descriptors.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { devicesBehind } from "../../projections/device/devices.ts";
import { groupAt } from "../../projections/page-request/page-requests.ts";
import { rightsOf } from "../device/rights.ts";
import type { Turn } from "../turn.ts";
import { advance, ask, guestIn, record } from "../turn.ts";

export type PageRequest = InputOf<"PageRequest">;

/** What a group is known by. */
interface Group extends Pick<PageRequest, "device" | "group"> {
  readonly pasid?: number | undefined;
}

/** A group's chart's state, and the PASID of what is in it. */
function unitOf(turn: Turn, { device, group }: Group) {
  const known = groupAt(guestIn(turn).pageRequests, device, group);
  return { state: known?.state ?? pageGroup.initial, pasid: known?.pasid };
}

/** Whether a device waits for the answer to a group. */
function isAwaited(turn: Turn, group: Group): boolean {
  const { state, pasid } = unitOf(turn, group);
  return state === "awaiting" && pasid === group.pasid;
}

/** What the facts say of a page request. */
export const said = (request: PageRequest) => {
  const { device, iova, read, write, group, last } = request;
  return { device, iova, read, write, ...rightsOf(request), group, last };
};

/**
 * The device has asked, or says that it stops. @returns whether it may: its group has room for the
 * request.
 */
export function openGroup(turn: Turn, request: PageRequest, isStopMarker: boolean): boolean {
  const unit = unitOf(turn, request);
  const { pasid, last } = request;
  const facts = isStopMarker
    ? ask(turn, pageGroup, unit.state, { type: "StopMarker", pasid }, unit)
    : ask(
        turn,
        pageGroup,
        unit.state,
        { type: "Request", pasid, last, requested: said(request) },
        unit,
      );
  for (const fact of facts) record(turn, fact);
  return facts.every(({ type }) => type !== "InputRefused");
}

/** Answers a group; one that does not wait for it ignores it. */
export function respond(
  turn: Turn,
  { device, pasid, group }: Group,
  response: PageResponse,
  automatic: boolean,
): void {
  const unit = unitOf(turn, { device, group });
  const stimulus = { type: "Respond", device, pasid, group, response, automatic } as const;
  advance(turn, pageGroup, unit.state, stimulus, unit);
}

/**
 * What a response code means.
 *
 * Reading: a device takes a code that has no meaning for a failure, as PCI Express says of its
 * page-request interface.
 */
function responseOf(code: number): PageResponse {
  const { success, invalid } = PageGroupResponseDescriptor.fields.rc.names;
  if (code === success) return "success";
  return code === invalid ? "invalid" : "failure";
}

/**
 * Descriptor type 9: a group's answer goes to its device.
 *
 * Reading: LPIG of the descriptor has no effect: a group has one answer.
 */
export function answerPageGroup(turn: Turn, descriptor: bigint): void {
  const { ecs } = guestIn(turn).profile;
  const layout = ecs ? ExtendedGroupResponseDescriptor : PageGroupResponseDescriptor;
  const { pp, rc, rid, pasid: number, prgi } = layout.decode(descriptor);
  const pasid = pp ? number : undefined;
  const candidates = devicesBehind(guestIn(turn), rid).map(({ source }) => source);
  const groups = candidates.map((device) => ({ device, pasid, group: prgi }));
  const waiting = groups.find((group) => isAwaited(turn, group));
  const target = waiting ?? groups[0] ?? { device: sourceId(rid), pasid, group: prgi };
  respond(turn, target, responseOf(rc), false);
}
