import { setup } from "xstate";
import type { EventLine } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

interface Deliverable {
  readonly line: EventLine;
  /** The message: address and data registers of the line. */
  readonly address: bigint;
  readonly data: number;
}
interface Raise extends Deliverable {
  readonly type: "Raise";
}
interface Unmask extends Deliverable {
  readonly type: "Unmask";
}

/** What happens to an event line: its condition arises or goes, software masks or unmasks it. */
export type EventLineStimulus =
  | Raise
  | Unmask
  | { readonly type: "Withdraw"; readonly line: EventLine }
  | { readonly type: "Mask" };

const sent = {
  type: "EventSent",
  params: ({ event }: { event: Raise | Unmask }) => ({
    line: event.line,
    address: event.address,
    data: event.data,
  }),
} as const;
const pended = {
  type: "EventPended",
  params: ({ event }: { event: Raise }) => ({ line: event.line }),
} as const;
const unpended = {
  type: "EventUnpended",
  params: ({ event }: { event: { line: EventLine } }) => ({ line: event.line }),
} as const;

/**
 * An interrupt of the unit's own: used for the fault event, for invalidation completion and for
 * page requests. IM masks, IP is `pending`.
 */
export const eventLineMachine = setup({
  types: { events: {} as EventLineStimulus },
  actions: {
    EventSent: (_, _params: { line: EventLine; address: bigint; data: number }) => {},
    EventPended: (_, _params: { line: EventLine }) => {},
    EventUnpended: (_, _params: { line: EventLine }) => {},
  },
}).createMachine({
  id: "event line",
  initial: "masked",
  states: {
    masked: { on: { Raise: { target: "pending", actions: pended }, Unmask: "unmasked" } },
    pending: {
      on: {
        Unmask: { target: "unmasked", actions: sent },
        Withdraw: { target: "masked", actions: unpended },
      },
    },
    unmasked: { on: { Raise: { actions: sent }, Mask: "masked" } },
  },
});

export const eventLine = compileChart(eventLineMachine);
