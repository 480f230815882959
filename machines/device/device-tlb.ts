import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Invalidated = Omit<FactOf<"DeviceTlbInvalidated">, "type">;
type Answered = Omit<FactOf<"DeviceTlbAnswered">, "type">;

interface Invalidate {
  readonly type: "Invalidate";
  readonly asked: Invalidated;
}
interface Answer {
  readonly type: "Answer";
  readonly answered: Answered;
  /** The device owes no other answer. */
  readonly lastOwed: boolean;
}

/** The unit asks a device to forget translations; the device answers. */
export type DeviceTlbStimulus = Invalidate | Answer;

const invalidated = {
  type: "DeviceTlbInvalidated",
  params: ({ event }: { event: Invalidate }) => event.asked,
} as const;
const answered = {
  type: "DeviceTlbAnswered",
  params: ({ event }: { event: Answer }) => event.answered,
} as const;

/**
 * What one device owes to the unit. Between the question and the answer it goes on using what it
 * holds. An answer that nobody asked for changes nothing here: the queue halts on it.
 */
export const deviceTlbMachine = setup({
  types: { events: {} as DeviceTlbStimulus },
  guards: { lastOwed: ({ event }) => event.type === "Answer" && event.lastOwed },
  actions: {
    DeviceTlbInvalidated: (_, _params: Invalidated) => {},
    DeviceTlbAnswered: (_, _params: Answered) => {},
  },
}).createMachine({
  id: "device TLB",
  initial: "settled",
  states: {
    settled: { on: { Invalidate: { target: "asked", actions: invalidated } } },
    asked: {
      on: {
        Invalidate: { actions: invalidated },
        Answer: [
          { guard: "lastOwed", target: "settled", actions: answered },
          { actions: answered },
        ],
      },
    },
  },
});

export const deviceTlb = compileChart(deviceTlbMachine);
