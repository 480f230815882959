import type { Call } from "../../calls/call.ts";
import type { Step } from "../../history/step.ts";
import type { Kernel } from "../oracle/host-kernel.ts";
import { attachedTo, keyOf } from "../oracle/host-kernel.ts";
import type { DeviceBook } from "./device-book.ts";
import { follow, newDeviceBook } from "./device-book.ts";
import type { Sequence } from "./host-calls.ts";
import { hostRunOf } from "./host-calls.ts";
import type { Count, Law } from "./law.ts";
import { guestIndex } from "./run.ts";

/**
 * Groups of page requests that the host relayed and nobody answered, and whether they wait: the
 * host answers what waits itself when a requester is attached elsewhere.
 */
type Groups = Map<string, boolean>;

interface Who {
  readonly source: number;
  readonly pasid: number | undefined;
}

const groupName = (who: Who, group: number): string => `${keyOf(who)} ${group}`;

/** Who asks for a page or is answered, as hardware has it; nothing for an emulated device. */
function askerOf(
  devices: DeviceBook,
  event: { readonly guest?: number; readonly device: number; readonly pasid?: number },
): Who | undefined {
  const given = devices[guestIndex(event as never)]?.get(event.device);
  return given?.physical === true ? { source: given.requester, pasid: event.pasid } : undefined;
}

/** Notes the group that an input completes. */
function relay(groups: readonly Groups[], devices: DeviceBook, { input, facts }: Step): void {
  if (input.type !== "PageRequest" || facts[0]?.type === "InputRefused") return;
  const who = askerOf(devices, input);
  // One that ends a group and asks for nothing is answered by nobody.
  if (who === undefined || !input.last || !(input.read || input.write)) return;
  groups[guestIndex(input)]?.set(groupName(who, input.group), true);
}

/** Why a call that the kernel takes is of no use, or nothing. */
function useless(before: Kernel, after: Kernel, call: Call, groups: Groups) {
  switch (call.call) {
    case "invalidateTable":
      return attachedTo(before, call.table).length === 0 ? "nobody uses the table" : undefined;
    case "invalidateDevice": {
      const to = before.attachments.get(keyOf(call.requester))?.target.to ?? "blocked";
      return to === "blocked" ? "the device is blocked" : undefined;
    }
    case "answerPages": {
      const name = groupName(call.requester, call.group);
      return groups.delete(name) ? undefined : "nobody waits for it";
    }
    default:
      return before === after ? "it changes nothing" : undefined;
  }
}

/** Nobody of a requester waits any more. */
function release(groups: Groups, who: Who): void {
  for (const name of groups.keys()) {
    if (name.startsWith(groupName(who, 0).slice(0, -1))) groups.set(name, false);
  }
}

/** Why some call should not be, or nothing. */
function checkCalls(sequence: Sequence, groups: Groups, count: Count): string | undefined {
  const { calls, before, kernels, refusals } = sequence;
  for (const [at, call] of calls.entries()) {
    count(call.call);
    const refused = refusals[at];
    const text = refused ?? useless(kernels[at - 1] ?? before, kernels[at] ?? before, call, groups);
    if (text !== undefined) return `${call.call}, call ${at + 1} of ${calls.length}: ${text}`;
    if (call.call === "attach" || call.call === "detach") release(groups, call.requester);
  }
  return undefined;
}

/** The group that the guest has answered and the host was not told of, or nothing. */
function unanswered({ facts }: Step, devices: DeviceBook, index: number, groups: Groups) {
  for (const fact of facts) {
    if (fact.type !== "PageGroupAnswered" || guestIndex(fact) !== index) continue;
    const who = askerOf(devices, fact);
    if (who !== undefined && groups.get(groupName(who, fact.group)) === true) {
      return `group ${fact.group} of page requests is not answered`;
    }
  }
  return undefined;
}

export const callsAreNeeded: Law = {
  id: "HC3",
  says:
    "Each call is one that the host's kernel takes, and changes something; an invalidation names " +
    "what somebody uses, an answer a group that waits; and each group that is answered is told.",
  sometimes: [
    ...["createSpace", "destroySpace", "map", "unmap", "createTable", "destroyTable", "attach"],
    ...["detach", "invalidateTable", "invalidateDevice", "answerPages", "trackDirty"],
  ],
  check(run, count) {
    const devices = newDeviceBook(run);
    const groups = run.start.guests.map((): Groups => new Map());
    const { starts, steps } = hostRunOf(run);
    const fail = (seq: number, text: string) => ({ law: "HC3", seq, text });
    for (const sequence of starts) {
      const text = checkCalls(sequence, new Map(), count);
      if (text !== undefined) return fail(0, `at the start: ${text}`);
    }
    let next = 0;
    for (const step of run.steps) {
      relay(groups, devices, step);
      for (let one = steps[next]; one !== undefined && one.step === step; one = steps[next]) {
        next += 1;
        const own = groups[one.index] ?? new Map<string, boolean>();
        const text = checkCalls(one, own, count) ?? unanswered(step, devices, one.index, own);
        if (text !== undefined) return fail(step.seq, text);
      }
      follow(devices, step);
    }
    return undefined;
  },
};
