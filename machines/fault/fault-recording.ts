import type { Iova, SourceId } from "../../events/address.ts";
import { faultReasons } from "../../events/fault/fault-reason.ts";
import type { Access } from "../../events/input.ts";
import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell } from "../definition.ts";

/** Whether fault records are in use, and whether a fault found none free (FSTS.PFO). */
export type FaultRecordingState = "empty" | "pending" | "overflowed";

/** What the chart reads of the fault recording registers. */
export interface FaultUnit {
  /** One slot a register; empty where F is clear. */
  readonly records: readonly ({ readonly source: SourceId } | undefined)[];
  /** The register that the next fault takes. */
  readonly next: number;
}

type Rights = Pick<FieldsOf<"FaultRecorded">, "pasid" | "privileged" | "execute" | "request">;

interface Fault {
  readonly type: "Fault";
  readonly source: SourceId;
  readonly reason: number;
  readonly page: Iova;
  readonly access: Access;
  /** PASID and rights of the request, and its kind, as far as it has them. */
  readonly rights: Rights;
  /** FPD of the entry that the request met: keeps qualified faults from being recorded. */
  readonly fpd: boolean;
}
interface ClearRecord {
  readonly type: "ClearRecord";
  readonly index: number;
}

/** A fault arises, or software clears a record's F bit or FSTS.PFO. */
export type FaultRecordingStimulus =
  | Fault
  | ClearRecord
  | { readonly type: "ClearOverflow" }
  /** The host has lost faults: the guest is told as if its own records had been full. */
  | { readonly type: "Lost" };

type Told =
  | ("FaultRecorded" | "FaultSuppressed" | "FaultCollapsed" | "FaultDropped")
  | ("FaultOverflowed" | "FaultCleared" | "OverflowCleared");

type On<Stimulus> = Given<Stimulus, FaultUnit>;

const short = ({ event }: On<Fault>) => ({ source: event.source, reason: event.reason });
const recorded = tell("FaultRecorded", ({ event, context }: On<Fault>) => ({
  index: context.next,
  source: event.source,
  reason: event.reason,
  page: event.page,
  access: event.access,
  ...event.rights,
}));
const dropped = tell("FaultDropped", short);
const cleared = tell("FaultCleared", ({ event }: On<ClearRecord>) => ({ index: event.index }));
const suppress = { guard: "suppressed", actions: tell("FaultSuppressed", short) } as const;
const overflow = { target: "overflowed", actions: "FaultOverflowed" } as const;

/**
 * The fault recording registers. Order of checks: suppressed by FPD, overflowed, same source-id
 * pending, next record busy.
 */
export const faultRecording = compileChart<
  FaultRecordingState,
  FaultRecordingStimulus,
  Told,
  FaultUnit
>()({
  id: "fault recording",
  initial: "empty",
  guards: {
    suppressed: ({ event }: On<Fault>) =>
      event.fpd && faultReasons.get(event.reason)?.qualified === true,
    repeated: ({ event, context }: On<Fault>) =>
      context.records.some((record) => record?.source === event.source),
    busy: ({ context }) => context.records[context.next] !== undefined,
    isSet: ({ event, context }: On<{ readonly index: number }>) =>
      context.records[event.index] !== undefined,
    isLast: ({ event, context }: On<{ readonly index: number }>) =>
      context.records.every((record, at) => (record !== undefined) === (at === event.index)),
    anyRecord: ({ context }) => context.records.some((record) => record !== undefined),
  },
  states: {
    empty: {
      on: { Fault: [suppress, { target: "pending", actions: recorded }], Lost: overflow },
    },
    pending: {
      on: {
        Fault: [
          suppress,
          { guard: "repeated", actions: tell("FaultCollapsed", short) },
          { guard: "busy", target: "overflowed", actions: ["FaultOverflowed", dropped] },
          { actions: recorded },
        ],
        ClearRecord: [
          { guard: "isLast", target: "empty", actions: cleared },
          { guard: "isSet", actions: cleared },
        ],
        Lost: overflow,
      },
    },
    overflowed: {
      on: {
        Fault: [suppress, { actions: dropped }],
        ClearRecord: { guard: "isSet", actions: cleared },
        ClearOverflow: [
          { guard: "anyRecord", target: "pending", actions: "OverflowCleared" },
          { target: "empty", actions: "OverflowCleared" },
        ],
      },
    },
  },
});
