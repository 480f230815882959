import { gpa } from "../../events/address.ts";
import { readersOf } from "../../events/layout/layout.ts";
import { descriptorTypes } from "../../events/queue/descriptor.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import { extendedScopeOf } from "../../events/queue/extended-scope.ts";
import type { Scope } from "../../events/queue/scope.ts";
import { scopeOf } from "../../events/queue/scope.ts";
import { Iqercd } from "../../events/registers/queue.ts";
import { invalidateDeviceTlb } from "../device/device-tlb.ts";
import { writePosted } from "../memory/posted-write.ts";
import { answerPageGroup } from "../page-request/page-group.ts";
import { raise } from "../registers/event-line.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";
import {
  invalidateContexts,
  invalidateInterrupts,
  invalidateIotlb,
  invalidatePasidIotlb,
  invalidatePasids,
} from "./invalidate.ts";

/** What became of a descriptor. `mustWait`: some device owes an answer. */
export type DescriptorResult =
  | { readonly kind: "done" }
  | { readonly kind: "wait" }
  | { readonly kind: "mustWait" }
  | { readonly kind: "failed"; readonly iqei: number };

const done: DescriptorResult = { kind: "done" };
const reservedField: DescriptorResult = {
  kind: "failed",
  iqei: Iqercd.fields.iqei.names.reserved,
};

/**
 * Whether a page-selective invalidation of second stages names more pages than CAP.MAMV allows.
 * Those of first stages may name any number of pages, whatever CAP.MAMV says.
 */
const isBeyondMamv = (turn: Turn, { length = 0n }: { readonly length?: bigint }): boolean =>
  length > 4096n << BigInt(guestIn(turn).profile.mamv);

/** Executes an invalidation. A granularity without a meaning is an error of the descriptor. */
function invalidate(turn: Turn, scope: Scope | undefined): DescriptorResult {
  if (scope === undefined) return reservedField;
  switch (scope.type) {
    case "ContextInvalidated":
      invalidateContexts(turn, scope);
      break;
    case "PasidCacheInvalidated":
      invalidatePasids(turn, scope);
      break;
    case "IotlbInvalidated":
      if (isBeyondMamv(turn, scope)) return reservedField;
      invalidateIotlb(turn, scope);
      break;
    case "PasidIotlbInvalidated":
      invalidatePasidIotlb(turn, scope);
      break;
    case "DeviceTlbInvalidated":
      invalidateDeviceTlb(turn, scope);
      break;
    default:
      invalidateInterrupts(turn, scope);
  }
  return done;
}

/** Little-endian bytes of a 32-bit word. */
function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) bytes[at] = value >>> (at * 8);
  return bytes;
}

const waitFields = readersOf(WaitDescriptor);

/**
 * A wait descriptor: once every device has answered, writes the status word and sends the
 * completion event.
 *
 * Reading: a status address that memory does not back is lost without an error, as a posted write
 * is; QEMU reports IQE.
 *
 * Reading: draining page requests (PD) finds nothing to do: by the time that a descriptor is
 * fetched every page request before it is in the queue or dropped, and every answer is with its
 * device.
 */
function wait(turn: Turn, descriptor: bigint): DescriptorResult {
  const { queue, profile } = guestIn(turn);
  if (queue.unanswered.length > 0) return { kind: "mustWait" };
  const { intf, sw, data, statusAddr } = waitFields;
  // Bits beyond the host's addresses are ignored.
  const status = gpa(BigInt.asUintN(profile.haw, statusAddr(descriptor)));
  if (sw(descriptor)) writePosted(turn, status, fourBytes(data(descriptor)));
  const interrupt = intf(descriptor);
  const first = interrupt && !queue.waitDone;
  record(turn, { type: "WaitCompleted", interrupt });
  if (first) raise(turn, "invalidation");
  return { kind: "wait" };
}

/**
 * Executes a descriptor whose type the unit knows and whose reserved bits are clear.
 *
 * Reading: a page stream response reaches nobody: no device of the model asks for one.
 */
export function executeDescriptor(turn: Turn, type: number, descriptor: bigint): DescriptorResult {
  const low = BigInt.asUintN(128, descriptor);
  if (type === descriptorTypes.wait) return wait(turn, low);
  if (type === descriptorTypes.pageStreamResponse) return done;
  if (type !== descriptorTypes.pageGroupResponse) {
    return invalidate(turn, guestIn(turn).profile.ecs ? extendedScopeOf(low) : scopeOf(low));
  }
  answerPageGroup(turn, low);
  return done;
}
