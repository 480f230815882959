import type { Call, CallResult } from "../../calls/call.ts";
import { callsAfterFailure } from "../../calls/calls-of.ts";
import { formatSourceId } from "../../events/address.ts";
import type { World } from "../../projections/world.ts";
import type { Attachment, Kernel } from "../oracle/host-kernel.ts";
import { apply, attachedOver, attachedTo, keyOf } from "../oracle/host-kernel.ts";
import type { Sequence } from "./host-calls.ts";
import type { Count } from "./law.ts";

/** Some calls, and the memory that hardware finds tables in before and after them. */
export interface Within {
  readonly sequence: Sequence;
  readonly index: number;
  readonly before: World;
  readonly world: World;
  readonly pages: readonly number[];
}

/** Whom a call is about, by `keyOf`: who must be kept from memory when it fails. */
function concerned({ after }: Sequence, kernel: Kernel, call: Call): readonly number[] {
  const keys = (all: readonly Attachment[]) => all.map(({ requester }) => keyOf(requester));
  switch (call.call) {
    case "attach":
    case "detach":
    case "invalidateDevice":
      return [keyOf(call.requester)];
    case "map":
    case "unmap":
    case "trackDirty":
      return keys(attachedOver(kernel, call.space));
    case "invalidateTable":
      return keys(attachedTo(kernel, call.table));
    case "createSpace":
      return keys(attachedOver(after, call.space));
    case "createTable":
      return keys(attachedTo(after, call.table));
    default:
      return [];
  }
}

/** Told of the world before the input too: who left in it may still be where the call failed. */
const afterFailure: (
  ...about: [world: World, call: Call, result: CallResult, guest: number, before: World]
) => readonly Call[] = callsAfterFailure;

/** Why what follows on a failed call lets somebody reach memory that it concerns, or nothing. */
function notKeptOut({ sequence, before, world, index }: Within, at: number, isDone: boolean) {
  const { kernels, calls } = sequence;
  const [previous, call] = [kernels[at - 1] ?? sequence.before, calls[at]];
  if (call === undefined) return undefined;
  let kernel = isDone ? (kernels[at] ?? previous) : previous;
  const must = concerned(sequence, kernel, call);
  const result = isDone ? "timedOut" : "failed";
  for (const next of afterFailure(world, call, result, index, before)) {
    if (next.call !== "attach" || next.target.to !== "blocked") return `${next.call} follows`;
    const outcome = apply(kernel, next);
    if (typeof outcome === "string") return `what follows is refused: ${outcome}`;
    kernel = outcome;
  }
  for (const key of must) {
    const attachment = kernel.attachments.get(key);
    if (attachment === undefined || attachment.target.to === "blocked") continue;
    return `${formatSourceId(attachment.requester.source)} is still attached`;
  }
  return undefined;
}

/** Calls of one sequence that are made to fail, at most. */
const mostFailures = 6;

/** Why some call of a sequence must not fail as it may, or nothing. */
export function failsWrongly(within: Within, seq: number, count: Count): string | undefined {
  const { calls } = within.sequence;
  const each = Math.ceil(calls.length / mostFailures);
  for (let at = seq % each; at < calls.length; at += each) {
    count(`${calls[at]?.call} fails`);
    for (const isDone of [false, true]) {
      const text = notKeptOut(within, at, isDone);
      const how = isDone ? "done and not known" : "not done";
      if (text !== undefined) return `${calls[at]?.call}, call ${at + 1}, ${how}: ${text}`;
    }
  }
  return undefined;
}
