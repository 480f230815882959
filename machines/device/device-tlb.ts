import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell } from "../definition.ts";

/** Whether a device owes an answer to one device-TLB invalidation. */
export type DeviceTlbState = "settled" | "asked";

interface Invalidate {
  readonly type: "Invalidate";
  readonly asked: FieldsOf<"DeviceTlbInvalidated">;
}
interface Answer {
  readonly type: "Answer";
  readonly answered: FieldsOf<"DeviceTlbAnswered">;
}

/** The unit asks a device to forget translations; the device answers, or time runs out. */
export type DeviceTlbStimulus = Invalidate | Answer | { readonly type: "GivenUp" };

type Told = "DeviceTlbInvalidated" | "DeviceTlbAnswered" | "DeviceTlbsGivenUp";

const invalidated = tell("DeviceTlbInvalidated", ({ event }: Given<Invalidate>) => event.asked);
const answered = tell("DeviceTlbAnswered", ({ event }: Given<Answer>) => event.answered);

/**
 * One invalidation of a device's TLB. Between the question and the answer the device goes on using
 * what it holds. An answer that nobody asked for changes nothing here: the queue halts on it.
 */
export const deviceTlb = compileChart<DeviceTlbState, DeviceTlbStimulus, Told>()({
  id: "device-TLB invalidation",
  initial: "settled",
  states: {
    settled: { on: { Invalidate: { target: "asked", actions: invalidated } } },
    asked: {
      on: {
        Answer: { target: "settled", actions: answered },
        GivenUp: { target: "settled", actions: "DeviceTlbsGivenUp" },
      },
    },
  },
});
