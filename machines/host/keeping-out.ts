import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

/** Whether the host lets a requester's requests through at all, whatever the guest says of them. */
export type KeepingOutState = "letIn" | "keptOut";

/** A requester: a source-id, with a PASID or without. */
type Whose = FieldsOf<"DeviceLetIn">;

interface Fail {
  readonly type: "Fail";
  readonly whose: FieldsOf<"DeviceKeptOut">;
}
interface Release {
  readonly type: "Release";
  readonly whose: Whose;
}

/** A call to the host for a requester did not succeed; somebody says that it may go on. */
export type KeepingOutStimulus = Fail | Release;

type Told = "DeviceKeptOut" | "DeviceLetIn" | "InputRefused";

const keptOut = tell("DeviceKeptOut", ({ event }: Given<Fail>) => event.whose);
const letIn = tell("DeviceLetIn", ({ event }: Given<Release>) => event.whose);

/**
 * One requester of a physical device. After a call that failed, or of which nobody knows whether it
 * took effect, its requests are blocked until somebody has looked after it.
 */
export const keepingOut = compileChart<KeepingOutState, KeepingOutStimulus, Told>()({
  id: "keeping out",
  initial: "letIn",
  states: {
    letIn: {
      on: {
        Fail: { target: "keptOut", actions: keptOut },
        Release: { actions: tellOf("InputRefused", { why: "host release: it is not kept out" }) },
      },
    },
    keptOut: { on: { Release: { target: "letIn", actions: letIn } } },
  },
});
