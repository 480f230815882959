import type { SourceId } from "../../events/address.ts";
import { sourceId } from "../../events/address.ts";
import type { PageResponse } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { PageGroupResponseDescriptor } from "../../events/queue/scalable-descriptors.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { groupAt } from "../../projections/page-request/page-requests.ts";
import { rightsOf } from "../device/rights.ts";
import type { Turn } from "../turn.ts";
import { advanceChart, guestIn } from "../turn.ts";

export type PageRequest = InputOf<"PageRequest">;

/** What a group is known by. */
interface Group extends Pick<PageRequest, "device" | "group"> {
  readonly pasid?: number | undefined;
}

/** The state of a group's chart; another PASID's of the same number is not the group. */
function stateOf(turn: Turn, { device, pasid, group }: Group): string {
  const known = groupAt(guestIn(turn).pageRequests, device, group);
  return known === undefined || known.pasid !== pasid ? "idle" : known.state;
}

/** What the facts say of a page request. */
export const said = (request: PageRequest) => {
  const { device, iova, read, write, group, last } = request;
  return { device, iova, read, write, ...rightsOf(request), group, last };
};

/** Why a device that keeps to the rules would not ask so, or `undefined`. */
export function groupError(turn: Turn, { device, pasid, group }: Group): string | undefined {
  const known = groupAt(guestIn(turn).pageRequests, device, group);
  const isOther = known !== undefined && known.pasid !== pasid;
  return isOther ? "its group is in use for another PASID" : undefined;
}

/** The device has asked. @returns whether it may: its group does not wait for an answer. */
export function openGroup(turn: Turn, request: PageRequest): boolean {
  const state = stateOf(turn, request);
  const { last } = request;
  advanceChart(turn, pageGroup, state, { type: "Request", requested: said(request), last });
  return state !== "awaiting";
}

/** Answers a group; one that does not wait for it ignores it. */
export function respond(
  turn: Turn,
  { device, pasid, group }: Group,
  response: PageResponse,
  automatic: boolean,
): void {
  const ignored = { device, ...(pasid === undefined ? {} : { pasid }), group };
  const answered = { ...ignored, response, ...(automatic ? { automatic } : {}) };
  const state = stateOf(turn, { device, pasid, group });
  advanceChart(turn, pageGroup, state, { type: "Respond", answered, ignored });
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
  const { pp, rc, rid, pasid: number, prgi } = PageGroupResponseDescriptor.decode(descriptor);
  const pasid = pp ? number : undefined;
  const { devices } = guestIn(turn);
  const candidates: readonly SourceId[] = Object.values(devices)
    .filter(({ requester }) => requester === rid)
    .map(({ source }) => source);
  const groups = candidates.map((device) => ({ device, pasid, group: prgi }));
  const waiting = groups.find((group) => stateOf(turn, group) === "awaiting");
  const target = waiting ?? groups[0] ?? { device: sourceId(rid), pasid, group: prgi };
  respond(turn, target, responseOf(rc), false);
}
