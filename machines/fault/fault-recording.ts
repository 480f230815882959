import { setup } from "xstate";
import type { Iova, SourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Rights = Pick<FactOf<"FaultRecorded">, "pasid" | "privileged" | "execute" | "request">;

interface Fault {
  readonly type: "Fault";
  readonly source: SourceId;
  readonly reason: number;
  readonly page: Iova;
  readonly access: "read" | "write";
  /** PASID and rights of the request, and its kind, as far as it has them. */
  readonly rights: Rights;
  /** The record that is next in turn, and whether software has not cleared it yet. */
  readonly index: number;
  readonly busy: boolean;
  /** FPD is set and the reason is a qualified one. */
  readonly suppressed: boolean;
  /** A record of the same source-id is pending. */
  readonly repeated: boolean;
}
interface ClearRecord {
  readonly type: "ClearRecord";
  readonly index: number;
  readonly last: boolean;
}
interface ClearOverflow {
  readonly type: "ClearOverflow";
  readonly anyRecord: boolean;
}

/** A fault arises, or software clears a record's F bit or FSTS.PFO. */
export type FaultRecordingStimulus = Fault | ClearRecord | ClearOverflow;

const short = ({ event }: { event: Fault }) => ({ source: event.source, reason: event.reason });
const recorded = {
  type: "FaultRecorded",
  params: ({ event }: { event: Fault }) => ({
    index: event.index,
    source: event.source,
    reason: event.reason,
    page: event.page,
    access: event.access,
    ...event.rights,
  }),
} as const;
const cleared = {
  type: "FaultCleared",
  params: ({ event }: { event: ClearRecord }) => ({ index: event.index }),
} as const;
const dropped = { type: "FaultDropped", params: short } as const;
const suppress = {
  guard: "suppressed",
  actions: { type: "FaultSuppressed", params: short },
} as const;

interface Short {
  source: SourceId;
  reason: number;
}

/**
 * The fault recording registers. Order of checks: suppressed by FPD, overflowed, same source-id
 * pending, next record busy.
 */
export const faultRecordingMachine = setup({
  types: { events: {} as FaultRecordingStimulus },
  guards: {
    suppressed: ({ event }) => event.type === "Fault" && event.suppressed,
    repeated: ({ event }) => event.type === "Fault" && event.repeated,
    busy: ({ event }) => event.type === "Fault" && event.busy,
    last: ({ event }) => event.type === "ClearRecord" && event.last,
    anyRecord: ({ event }) => event.type === "ClearOverflow" && event.anyRecord,
  },
  actions: {
    FaultRecorded: (
      _,
      _params: Short & { index: number; page: Iova; access: "read" | "write" },
    ) => {},
    FaultSuppressed: (_, _params: Short) => {},
    FaultCollapsed: (_, _params: Short) => {},
    FaultDropped: (_, _params: Short) => {},
    FaultOverflowed: () => {},
    OverflowCleared: () => {},
    FaultCleared: (_, _params: { index: number }) => {},
  },
}).createMachine({
  id: "fault recording",
  initial: "empty",
  states: {
    empty: { on: { Fault: [suppress, { target: "pending", actions: recorded }] } },
    pending: {
      on: {
        Fault: [
          suppress,
          { guard: "repeated", actions: { type: "FaultCollapsed", params: short } },
          { guard: "busy", target: "overflowed", actions: ["FaultOverflowed", dropped] },
          { actions: recorded },
        ],
        ClearRecord: [{ guard: "last", target: "empty", actions: cleared }, { actions: cleared }],
      },
    },
    overflowed: {
      on: {
        Fault: [suppress, { actions: dropped }],
        ClearRecord: { actions: cleared },
        ClearOverflow: [
          { guard: "anyRecord", target: "pending", actions: "OverflowCleared" },
          { target: "empty", actions: "OverflowCleared" },
        ],
      },
    },
  },
});

export const faultRecording = compileChart(faultRecordingMachine);
