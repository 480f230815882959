import type { SourceId } from "../../events/address.ts";
import { iovaOfPage } from "../../events/address.ts";
import type { EventLine, FactOf } from "../../events/fact.ts";
import { faultReasons } from "../../events/fault/fault-reason.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import { anyCondition, anyRecord } from "../../projections/fault/faults.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/register-file.ts";
import { at } from "../../projections/registers/registers.ts";
import type { Turn } from "../turn.ts";
import { advanceChart, guestIn } from "../turn.ts";

/** What a fault record says of a request besides its address. */
export type FaultRights = Pick<
  FactOf<"FaultRecorded">,
  "pasid" | "privileged" | "execute" | "request"
>;

/** Control, data, address and upper address of each event line. */
const lines = {
  fault: { control: at.fectl, data: at.fedata, low: at.feaddr, high: at.feuaddr },
  invalidation: { control: at.iectl, data: at.iedata, low: at.ieaddr, high: at.ieuaddr },
  pageRequest: { control: at.pectl, data: at.pedata, low: at.peaddr, high: at.peuaddr },
} as const;

/** The state of an event line's chart, from IM and IP of its control register. */
export function lineState(guest: Guest, line: EventLine): string {
  const control = stored(guest, lines[line].control);
  if ((control & (1n << 31n)) === 0n) return "unmasked";
  return (control & (1n << 30n)) === 0n ? "masked" : "pending";
}

/** Tells an event line that its condition arose or went, or that software masked or unmasked it. */
export function signal(
  turn: Turn,
  line: EventLine,
  type: "Raise" | "Withdraw" | "Mask" | "Unmask",
  from = lineState(guestIn(turn), line),
): void {
  const guest = guestIn(turn);
  const { data, low, high } = lines[line];
  const address = (stored(guest, high) << 32n) | stored(guest, low);
  const message = { line, address, data: Number(stored(guest, data)) };
  advanceChart(turn, eventLine, from, { type, ...message });
}

/** The state of the fault recording chart. */
export const recordingState = ({ faults }: Guest): string =>
  faults.overflow ? "overflowed" : anyRecord(faults) ? "pending" : "empty";

/** Does what may set a condition of FSTS, and raises the fault event if none was set before. */
export function raising(turn: Turn, act: () => void): void {
  const before = anyCondition(guestIn(turn).faults);
  act();
  if (!before && anyCondition(guestIn(turn).faults)) signal(turn, "fault", "Raise");
}

/** Does what may clear conditions of FSTS, and withdraws a pending event once none is left. */
export function clearing(turn: Turn, act: () => void): void {
  act();
  if (!anyCondition(guestIn(turn).faults)) signal(turn, "fault", "Withdraw");
}

/**
 * Reports a blocked request to the guest as the specification says.
 *
 * @param source  the source-id that the request carries.
 * @param fpd     FPD of the context entry: keeps qualified faults from being recorded.
 * @param rights  PASID and rights of the request, and its kind, as far as it has them.
 */
export function reportFault(
  turn: Turn,
  source: SourceId,
  reason: number,
  page: number,
  access: "read" | "write",
  fpd: boolean,
  rights: FaultRights = {},
): void {
  const guest = guestIn(turn);
  const { records, next: index } = guest.faults;
  const fault = {
    type: "Fault",
    source,
    reason,
    page: iovaOfPage(page),
    access,
    rights,
    index,
    busy: records[index] !== undefined,
    suppressed: fpd && faultReasons.get(reason)?.qualified === true,
    repeated: records.some((record) => record?.source === source),
  };
  raising(turn, () => advanceChart(turn, faultRecording, recordingState(guest), fault));
}

/** Software wrote 1 to the F bit of a fault record. */
export function clearRecord(turn: Turn, index: number): void {
  const guest = guestIn(turn);
  if (guest.faults.records[index] === undefined) return;
  const last = guest.faults.records.every((record, at) => at === index || record === undefined);
  clearing(turn, () =>
    advanceChart(turn, faultRecording, recordingState(guest), { type: "ClearRecord", index, last }),
  );
}

/** Software wrote 1 to FSTS.PFO. */
export function clearOverflow(turn: Turn): void {
  const guest = guestIn(turn);
  const stimulus = { type: "ClearOverflow", anyRecord: anyRecord(guest.faults) };
  advanceChart(turn, faultRecording, recordingState(guest), stimulus);
}
