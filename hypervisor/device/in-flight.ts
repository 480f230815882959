import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { request } from "../../machines/device/dma.ts";
import type { InFlight } from "../../projections/guest.ts";
import type { Turn } from "../turn.ts";
import { advanceChart, guestIn } from "../turn.ts";

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

/** Lands one request that was translated earlier. */
export function land(turn: Turn, tag: number): void {
  const flight = guestIn(turn).inFlight[tag];
  if (flight === undefined) return;
  advanceChart(turn, request, "translated", { type: "Land", landed: landing(tag, flight) });
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
