import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { heldAt, tlbAt } from "../../projections/device/device-tlb.ts";
import type { RevokeMove, RevokeState } from "./revoke-driver.ts";
import { iovaText, unchanged } from "./revoke-driver.ts";
import { iovaOf, iovaPages } from "./small-guest.ts";

/** Whether a device's own TLB has a page that it may write. */
function holds({ world: { guests } }: RevokeState, device: SourceId, index: number): boolean {
  const [guest] = guests;
  if (guest === undefined) return false;
  const ask = { write: true, execute: false, privileged: false };
  return heldAt(tlbAt(guest.deviceTlbs, device, undefined), iovaPages[index] ?? 0, ask) !== 0;
}

/** The lowest tag of a device's that is free, if it may have one more request on its way. */
function freeTag({ world: { guests } }: RevokeState, tags: readonly number[]): number | undefined {
  return tags.find((tag) => guests[0]?.inFlight[tag] === undefined);
}

const owes = ({ world: { guests } }: RevokeState, device?: SourceId): boolean =>
  guests[0]?.queue.unanswered.some((one) => device === undefined || one.device === device) ?? false;

/** What a device may do. */
export interface DevicePowers {
  /** Requests that it has on their way, at most. */
  readonly flights: 1 | 2;
  /** It may fail to do what an invalidation asks for, and say so. */
  readonly fails: boolean;
}

type Says = (says: string, inputs: RevokeMove["inputs"]) => RevokeMove;

/** Requests for one IOVA. */
function requestsFor(
  device: SourceId,
  index: number,
  tags: readonly number[],
  move: Says,
): readonly RevokeMove[] {
  const iova = iovaOf(index) as Iova;
  const issue = (state: RevokeState, translated: boolean): readonly Input[] => {
    const tag = freeTag(state, tags);
    if (tag === undefined) return [];
    const request = { type: "DmaIssue", tag, device, iova, access: "write", length: 8 } as const;
    return [translated ? { ...request, translated } : request];
  };
  return [
    move(`sends a write to IOVA ${iovaText(index)}.`, (state) => issue(state, false)),
    move(`sends a write by its own TLB to IOVA ${iovaText(index)}.`, (state) =>
      holds(state, device, index) ? issue(state, true) : [],
    ),
    move(`asks for a translation of IOVA ${iovaText(index)}.`, (state) =>
      holds(state, device, index) ? [] : [{ type: "AtsRequest", device, iova, access: "write" }],
    ),
  ];
}

const whichWrite = ["its write", "its other write"] as const;

/** What a device may do, of which the tags of requests go with its number. */
export function deviceMoves(
  device: SourceId,
  number: number,
  { flights, fails }: DevicePowers,
): readonly RevokeMove[] {
  const tags = whichWrite.slice(0, flights).map((_, flight) => number * whichWrite.length + flight);
  const move: Says = (says, inputs) => ({
    actor: "device",
    says: `Device ${formatSourceId(device)} ${says}`,
    inputs,
    knows: unchanged,
  });
  const results = fails ? (["done", "failed"] as const) : (["done"] as const);
  return [
    ...iovaPages.flatMap((_, index) => requestsFor(device, index, tags, move)),
    ...tags.map((tag, flight) =>
      move(`has ${whichWrite[flight] ?? ""} land.`, ({ world: { guests } }) =>
        guests[0]?.inFlight[tag] === undefined ? [] : [{ type: "DmaComplete", tag }],
      ),
    ),
    ...results.map((result) =>
      move(
        result === "done"
          ? "forgets what it is asked to, and answers."
          : "fails to forget what it is asked to, and says so.",
        (state) => (owes(state, device) ? [{ type: "DeviceTlbAnswer", device, result }] : []),
      ),
    ),
  ];
}

/** What the unit may do by itself. */
export const unit: readonly RevokeMove[] = [
  {
    actor: "unit",
    says: "The unit gives up waiting for answers.",
    inputs: (state) => (owes(state) ? [{ type: "InvalidationTimeout" }] : []),
    knows: unchanged,
  },
];
