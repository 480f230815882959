import { setup } from "xstate";
import type { SourceId } from "../../events/address.ts";
import { compileChart } from "../chart.ts";

interface Enable {
  readonly type: "Enable";
  /** IQA: base, size and width. */
  readonly value: bigint;
}
interface Disable {
  readonly type: "Disable";
  /** Head equals tail, and the last descriptor executed was a wait. */
  readonly mayDisable: boolean;
}
interface TailMoved {
  readonly type: "TailMoved";
  readonly hasWork: boolean;
}
interface Executed {
  readonly type: "Executed";
  /** Byte offset of the next descriptor. */
  readonly head: number;
  readonly wait: boolean;
}
interface Failed {
  readonly type: "Failed";
  readonly error: "IQE" | "ICE" | "ITE";
  readonly iqei: number;
  readonly source: SourceId | undefined;
}
interface Answered {
  readonly type: "Answered";
  readonly allAnswered: boolean;
}
interface GivenUp {
  readonly type: "GivenUp";
  readonly source: SourceId | undefined;
  readonly head: number;
}
interface ErrorCleared {
  readonly type: "ErrorCleared";
  readonly anyLeft: boolean;
}

/** What happens to the invalidation queue. */
export type QueueStimulus =
  | Enable
  | Disable
  | TailMoved
  | Executed
  | Failed
  | Answered
  | GivenUp
  | ErrorCleared
  | { type: "Emptied" }
  | { type: "MustWait" };

const refusal = (why: string) => ({ type: "InputRefused", params: { why } }) as const;

const halted = {
  type: "QueueHalted",
  params: ({ event }: { event: Failed }) => ({
    error: event.error,
    iqei: event.iqei,
    ...(event.source === undefined ? {} : { source: event.source }),
  }),
} as const;
const timedOut = {
  type: "QueueHalted",
  params: ({ event }: { event: GivenUp }) => ({
    error: "ITE",
    iqei: 0,
    ...(event.source === undefined ? {} : { source: event.source }),
  }),
} as const;
const completed = {
  type: "DescriptorCompleted",
  params: ({ event }: { event: Executed }) => ({ head: event.head, wait: event.wait }),
} as const;
const passed = {
  type: "DescriptorCompleted",
  params: ({ event }: { event: GivenUp }) => ({ head: event.head, wait: true }),
} as const;
const enabled = {
  type: "QueueEnabled",
  params: ({ event }: { event: Enable }) => ({ value: event.value }),
} as const;

/** No wait descriptor was reached yet: nothing is aborted, the head stays. */
const timeOut = { target: "halted", actions: ["DeviceTlbsGivenUp", timedOut] } as const;

const fails = { target: "halted", actions: halted } as const;
const disable = [
  { guard: "mayDisable", target: "disabled", actions: "QueueDisabled" },
  { actions: refusal("the queue is disabled before its last wait was reached") },
] as const;

/**
 * The invalidation queue: disabled, idle (head equals tail), fetching, draining (a wait descriptor
 * waits for device TLBs), halted by IQE, ICE or ITE.
 *
 * Reading: a wait that a device's error stopped completes once software has cleared ICE.
 *
 * Reading: clearing the last error bit restarts fetching without a write to the tail; Linux relies
 * on it.
 */
export const queueMachine = setup({
  types: { events: {} as QueueStimulus },
  guards: {
    mayDisable: ({ event }) => event.type === "Disable" && event.mayDisable,
    hasWork: ({ event }) => event.type === "TailMoved" && event.hasWork,
    allAnswered: ({ event }) => event.type === "Answered" && event.allAnswered,
    noneLeft: ({ event }) => event.type === "ErrorCleared" && !event.anyLeft,
  },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    QueueEnabled: (_, _params: { value: bigint }) => {},
    QueueDisabled: () => {},
    QueueStarted: () => {},
    QueueEmptied: () => {},
    QueueResumed: () => {},
    QueueDraining: () => {},
    QueueDrained: () => {},
    DeviceTlbsGivenUp: () => {},
    WaitAborted: () => {},
    QueueHalted: (_, _params: { error: string; iqei: number; source?: SourceId }) => {},
    DescriptorCompleted: (_, _params: { head: number; wait: boolean }) => {},
  },
}).createMachine({
  id: "invalidation queue",
  initial: "disabled",
  states: {
    disabled: { on: { Enable: { target: "idle", actions: enabled } } },
    idle: {
      on: {
        TailMoved: { guard: "hasWork", target: "fetching", actions: "QueueStarted" },
        Disable: disable,
        Failed: fails,
        GivenUp: timeOut,
      },
    },
    fetching: {
      on: {
        Executed: { actions: completed },
        Emptied: { target: "idle", actions: "QueueEmptied" },
        MustWait: { target: "draining", actions: "QueueDraining" },
        Failed: fails,
      },
    },
    draining: {
      on: {
        Answered: { guard: "allAnswered", target: "fetching", actions: "QueueDrained" },
        GivenUp: {
          target: "halted",
          actions: ["DeviceTlbsGivenUp", "WaitAborted", passed, timedOut],
        },
        Failed: fails,
        Disable: { actions: refusal("the queue is disabled while a wait is pending") },
      },
    },
    halted: {
      on: {
        Failed: { actions: halted },
        GivenUp: timeOut,
        ErrorCleared: { guard: "noneLeft", target: "idle", actions: "QueueResumed" },
        Disable: disable,
      },
    },
  },
});

export const queue = compileChart(queueMachine);
