import type { EventLine } from "../../events/fact.ts";
import { Fectl } from "../../events/registers/event-line.ts";
import { compileChart } from "../compile-chart.ts";
import type { Given } from "../definition.ts";
import { tell } from "../definition.ts";

/** IM and IP of a control register. An event that is not masked is sent at once. */
export type EventLineState = "masked" | "pending" | "unmasked";

/** The message: address and data registers of the line. */
interface Message {
  readonly line: EventLine;
  readonly address: bigint;
  readonly data: number;
}
interface Raise extends Message {
  readonly type: "Raise";
}
interface Write extends Message {
  readonly type: "Write";
  /** Software changes the control register to this value. */
  readonly offset: number;
  readonly value: bigint;
}
interface Withdraw {
  readonly type: "Withdraw";
  readonly line: EventLine;
}

/** What happens to an event line: its condition arises or goes, software masks or unmasks it. */
export type EventLineStimulus = Raise | Write | Withdraw;

type Told = "EventSent" | "EventPended" | "EventUnpended" | "RegisterSet";

const sent = tell("EventSent", ({ event: { line, address, data } }: Given<Message>) => ({
  line,
  address,
  data,
}));
const pended = tell("EventPended", ({ event }: Given<Raise>) => ({ line: event.line }));
const unpended = tell("EventUnpended", ({ event }: Given<Withdraw>) => ({ line: event.line }));
const controlSet = tell("RegisterSet", ({ event }: Given<Write>) => ({
  offset: event.offset,
  value: event.value,
}));

/** IM, at the same place in the control register of every line. */
const mask = Fectl.mask("im");
type WithValue = Given<{ readonly value: bigint }>;

/**
 * An interrupt of the unit's own: used for the fault event, for invalidation completion and for
 * page requests. IM masks, IP is `pending`.
 */
export const eventLine = compileChart<EventLineState, EventLineStimulus, Told>()({
  id: "event line",
  initial: "masked",
  guards: {
    masks: ({ event }: WithValue) => (event.value & mask) !== 0n,
    unmasks: ({ event }: WithValue) => (event.value & mask) === 0n,
  },
  states: {
    masked: {
      on: {
        Raise: { target: "pending", actions: pended },
        Write: { guard: "unmasks", target: "unmasked", actions: controlSet },
      },
    },
    pending: {
      on: {
        Write: { guard: "unmasks", target: "unmasked", actions: [controlSet, sent] },
        Withdraw: { target: "masked", actions: unpended },
      },
    },
    unmasked: {
      on: {
        Raise: { actions: sent },
        Write: { guard: "masks", target: "masked", actions: controlSet },
      },
    },
  },
});
