import type { SourceId } from "../../events/address.ts";
import { iovaOfPage } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Access } from "../../events/input.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import { anyCondition } from "../../projections/fault/faults.ts";
import { raise, withdraw } from "../registers/event-line.ts";
import type { Turn } from "../turn.ts";
import { advance, ask, guestIn, record } from "../turn.ts";

/** What a fault record says of a request besides its address. */
export type FaultRights = Pick<
  FactOf<"FaultRecorded">,
  "pasid" | "privileged" | "execute" | "request"
>;

/** Does what may set a condition of FSTS, and raises the fault event if none was set before. */
export function raising(turn: Turn, act: () => void): void {
  const before = anyCondition(guestIn(turn));
  act();
  if (!before && anyCondition(guestIn(turn))) raise(turn, "fault");
}

/** Does what may clear conditions of FSTS, and withdraws a pending event once none is left. */
export function clearing(turn: Turn, act: () => void): void {
  act();
  if (!anyCondition(guestIn(turn))) withdraw(turn, "fault");
}

/** A request that is blocked, and what the guest may be told of it. */
export interface Report {
  /** The source-id that the request carries. */
  readonly source: SourceId;
  readonly reason: number;
  /** Page number of the address. */
  readonly page: number;
  readonly access: Access;
  /** FPD of the entry that the request met: keeps qualified faults from being recorded. */
  readonly fpd: boolean;
  /** PASID and rights of the request, and its kind, as far as it has them. */
  readonly rights?: FaultRights;
}

/**
 * Reports a blocked request to the guest as the specification says.
 *
 * Reading: a record has the whole page of the address, above MGAW too.
 */
export function reportFault(turn: Turn, report: Report): void {
  const { source, reason, page, access, fpd, rights = {} } = report;
  const { faults } = guestIn(turn);
  const fault = {
    type: "Fault",
    source,
    reason,
    page: iovaOfPage(page),
    access,
    fpd,
    rights,
  } as const;
  raising(turn, () => advance(turn, faultRecording, faults.state, fault, faults));
}

/** Software wrote 1 to the F bit of a fault record; that of an empty one clears nothing. */
export function clearRecord(turn: Turn, index: number): void {
  const { faults } = guestIn(turn);
  const facts = ask(turn, faultRecording, faults.state, { type: "ClearRecord", index }, faults);
  if (facts.length === 0) return;
  clearing(turn, () => {
    for (const fact of facts) record(turn, fact);
  });
}

/** Software wrote 1 to FSTS.PFO. */
export function clearOverflow(turn: Turn): void {
  const { faults } = guestIn(turn);
  advance(turn, faultRecording, faults.state, { type: "ClearOverflow" }, faults);
}
