import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { DmaRequestState } from "../../machines/device/dma-request.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import type { Guest, InFlight } from "../../projections/guest.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn } from "../turn.ts";

/** What a request in flight is when it lands. */
const landing = (tag: number, flight: InFlight): FactOf<"DmaLanded"> => ({
  type: "DmaLanded",
  tag,
  device: flight.device,
  access: flight.access,
  ...(flight.gpa === undefined ? {} : { gpa: flight.gpa }),
  ...(flight.hpa === undefined ? {} : { hpa: flight.hpa }),
  ...(flight.bytes === undefined ? {} : { bytes: flight.bytes }),
});

/** The state of a tag's chart. */
export const tagState = ({ inFlight }: Guest, tag: number): DmaRequestState =>
  inFlight[tag] === undefined ? dmaRequest.initial : "inFlight";

/** Lands the request of a tag, which was translated earlier; of a free one it is refused. */
export function land(turn: Turn, tag: number): void {
  const guest = guestIn(turn);
  const flight = guest.inFlight[tag];
  const landed = flight && landing(tag, flight);
  advance(turn, dmaRequest, tagState(guest, tag), { type: "Land", tag, landed });
}

/**
 * Lands every request in flight that `concerned` picks: nothing that uses what is about to go may
 * be left.
 */
export function drain(turn: Turn, concerned: (flight: InFlight) => boolean): void {
  const { inFlight } = guestIn(turn);
  for (const tag in inFlight) {
    if (concerned(inFlight[tag] as InFlight)) land(turn, Number(tag));
  }
}

/**
 * Whether the request uses a page from `first` up to `end` of what a shadow, or pass-through,
 * translates.
 */
export const usesPages =
  (shadow: number | undefined, first: number, end: number) =>
  (flight: InFlight): boolean => {
    const page = pageOf(flight.iova);
    return flight.shadow === shadow && page >= first && page < end;
  };
