import type { Call } from "../../calls/call.ts";
import { callsAtStart, callsOf } from "../../calls/calls-of.ts";
import type { ReferenceHost } from "../../calls/reference-host.ts";
import { emptyHost, makeCall } from "../../calls/reference-host.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { stepOf } from "../../history/step.ts";
import type { Inputs, Scene } from "./given.ts";
import { flat } from "./given.ts";
import { nvme } from "./unit.ts";

/** The calls that some inputs lead to, after what a scene has been through. */
export function callsIn(scene: Scene, ...inputs: readonly Inputs[]): readonly Call[] {
  let { world } = scene;
  return flat(inputs).flatMap((input) => {
    const step = stepOf(world, input);
    world = step.after;
    return callsOf(step, 0);
  });
}

/** What calls are called, and what they are about: `map 1`, `attach 32`. */
export const named = (calls: readonly Call[]): readonly string[] =>
  calls.map((one) => {
    if ("requester" in one) return `${one.call} ${one.requester.source}`;
    return `${one.call} ${"table" in one ? one.table : one.space}`;
  });

/** A host that has made calls; one that cannot be is an error. */
export function hostAfter(calls: readonly Call[], host = emptyHost()): ReferenceHost {
  for (const call of calls) {
    const why = makeCall(host, call);
    if (why !== undefined) throw new Error(`${call.call}: ${why}`);
  }
  return host;
}

/** A host that follows a scene from its world on. */
export const following = (scene: Scene): ReferenceHost => hostAfter(callsAtStart(scene.world, 0));

const who = (pasid?: number) => ({ device: nvme, ...(pasid === undefined ? {} : { pasid }) });

/** What a host says of 00:04.0. */
export const callFailed = (pasid?: number): Input => ({
  type: "HostCallFailed",
  ...who(pasid),
  result: "timedOut",
});
export const released = (pasid?: number): Input => ({ type: "HostRelease", ...who(pasid) });
export const faulted = (
  iova: bigint,
  reason: InputOf<"HostFault">["reason"],
  rest: Partial<InputOf<"HostFault">> = {},
): Input => ({
  ...{ type: "HostFault", device: nvme, access: "read", reason },
  iova: iova as InputOf<"HostFault">["iova"],
  ...rest,
});
