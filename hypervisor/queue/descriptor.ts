import { gpa, iova, sourceId } from "../../events/address.ts";
import { descriptorTypes } from "../../events/queue/descriptor.ts";
import {
  ContextCacheDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
  WaitDescriptor,
} from "../../events/queue/descriptors.ts";
import {
  PasidCacheDescriptor,
  PasidIotlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import { invalidateDeviceTlb, invalidatePasidDeviceTlb } from "../device/device-tlb.ts";

import { writePosted } from "../memory/posted-write.ts";
import { answerPageGroup } from "../page-request/page-group.ts";
import { raise } from "../registers/event-line.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";
import {
  invalidateContexts,
  invalidateIotlb,
  invalidatePasidIotlb,
  invalidatePasids,
  pageScope,
} from "./invalidate.ts";

/** What became of a descriptor. `mustWait`: some device owes an answer. */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "wait" }
  | { readonly kind: "mustWait" }
  | { readonly kind: "failed"; readonly error: "IQE" | "ICE"; readonly iqei: number };

const done: Outcome = { kind: "done" };
const reservedField: Outcome = { kind: "failed", error: "IQE", iqei: 4 };

function contextCache(turn: Turn, descriptor: bigint): Outcome {
  const { g, did, sid, fm } = ContextCacheDescriptor.decode(descriptor);
  const { global, domain, device } = ContextCacheDescriptor.fields.g.names;
  if (g === global) invalidateContexts(turn, { scope: "global" });
  else if (g === domain) invalidateContexts(turn, { scope: "domain", did });
  else if (g === device) {
    invalidateContexts(turn, { scope: "device", did, source: sourceId(sid), mask: fm });
  } else return reservedField;
  return done;
}

function iotlb(turn: Turn, descriptor: bigint): Outcome {
  const { g, did, am, ih, addr } = IotlbDescriptor.decode(descriptor);
  const { global, domain, page } = IotlbDescriptor.fields.g.names;
  if (g === global) invalidateIotlb(turn, { scope: "global" });
  else if (g === domain) invalidateIotlb(turn, { scope: "domain", did });
  else if (g === page) {
    if (am > guestIn(turn).profile.mamv) return reservedField;
    invalidateIotlb(turn, pageScope(did, addr, am, ih));
  } else return reservedField;
  return done;
}

function pasidCache(turn: Turn, descriptor: bigint): Outcome {
  const { g, did, pasid } = PasidCacheDescriptor.decode(descriptor);
  const names = PasidCacheDescriptor.fields.g.names;
  if (g === names.global) invalidatePasids(turn, { scope: "global" });
  else if (g === names.domain) invalidatePasids(turn, { scope: "domain", did });
  else if (g === names.pasid) invalidatePasids(turn, { scope: "pasid", did, pasid });
  else return reservedField;
  return done;
}

function pasidIotlb(turn: Turn, descriptor: bigint): Outcome {
  const { g, did, pasid, am, ih, addr } = PasidIotlbDescriptor.decode(descriptor);
  const names = PasidIotlbDescriptor.fields.g.names;
  if (g === names.pasid) invalidatePasidIotlb(turn, { scope: "pasid", did, pasid });
  else if (g === names.page) {
    if (am > guestIn(turn).profile.mamv) return reservedField;
    const { iova: first, length } = pageScope(did, addr, am, false);
    const leaf = ih ? { leafOnly: true } : {};
    const range = { iova: first ?? iova(0n), length: length ?? 0n };
    invalidatePasidIotlb(turn, { scope: "page", did, pasid, ...range, ...leaf });
  } else return reservedField;
  return done;
}

function interruptEntries(turn: Turn, descriptor: bigint): Outcome {
  const { g, im, iidx } = InterruptEntryDescriptor.decode(descriptor);
  if (g === InterruptEntryDescriptor.fields.g.names.global) {
    record(turn, { type: "InterruptEntriesInvalidated" });
    return done;
  }
  const count = 2 ** im;
  const first = iidx - (iidx % count);
  record(turn, { type: "InterruptEntriesInvalidated", first, count });
  return done;
}

/** Little-endian bytes of a 32-bit word. */
const fourBytes = (value: number): Uint8Array =>
  new Uint8Array([value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);

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
function wait(turn: Turn, descriptor: bigint): Outcome {
  const { queue } = guestIn(turn);
  if (queue.unanswered.length > 0) return { kind: "mustWait" };
  const { intf, sw, data, statusAddr } = WaitDescriptor.decode(descriptor);
  if (sw) writePosted(turn, gpa(statusAddr), fourBytes(data));
  const first = intf && !queue.waitDone;
  record(turn, { type: "WaitCompleted", interrupt: intf });
  if (first) raise(turn, "invalidation");
  return { kind: "wait" };
}

/** Executes a descriptor whose type the unit knows and whose reserved bits are clear. */
export function executeDescriptor(turn: Turn, type: number, descriptor: bigint): Outcome {
  const low = BigInt.asUintN(128, descriptor);
  switch (type) {
    case descriptorTypes.contextCache:
      return contextCache(turn, low);
    case descriptorTypes.iotlb:
      return iotlb(turn, low);
    case descriptorTypes.pasidCache:
      return pasidCache(turn, low);
    case descriptorTypes.pasidIotlb:
      return pasidIotlb(turn, low);
    case descriptorTypes.deviceTlb:
      invalidateDeviceTlb(turn, low);
      return done;
    case descriptorTypes.pasidDeviceTlb:
      invalidatePasidDeviceTlb(turn, low);
      return done;
    case descriptorTypes.pageGroupResponse:
      answerPageGroup(turn, low);
      return done;
    case descriptorTypes.interruptEntry:
      return interruptEntries(turn, low);
    case descriptorTypes.wait:
      return wait(turn, low);
    default:
      return { kind: "failed", error: "IQE", iqei: 3 };
  }
}
