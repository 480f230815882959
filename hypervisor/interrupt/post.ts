import type { SourceId } from "../../events/address.ts";
import { gpa, pageOf } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { PostedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { destinationOf } from "../../events/interrupt/interrupt-entry.ts";
import { descriptorBytes, PostedDescriptor } from "../../events/interrupt/posted-descriptor.ts";
import type { DecodedBy } from "../../events/layout/layout.ts";
import type { Guest } from "../../projections/guest.ts";
import { readable, writable } from "../../tables/mapping.ts";
import { blankPage, byteIn, pageAsWritten } from "../../tables/memory.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

/** The 512 bits of the descriptor at a GPA, or `undefined` when it cannot be updated. */
function readDescriptor({ p2m, memory }: Guest, address: bigint): bigint | undefined {
  const gfn = pageOf(address);
  if (!readable(p2m, gfn) || !writable(p2m, gfn)) return undefined;
  const page = pageAsWritten(memory, gfn) ?? blankPage;
  const offset = Number(address & 0xfffn);
  let word = 0n;
  for (let byte = descriptorBytes - 1; byte >= 0; byte--) {
    word = (word << 8n) | BigInt(byteIn(page, offset + byte));
  }
  return word;
}

const bytesOf = (word: bigint): Uint8Array =>
  Uint8Array.from({ length: descriptorBytes }, (_, at) => Number((word >> BigInt(8 * at)) & 0xffn));

/**
 * Posts an interrupt: one locked update of the 64-byte descriptor sets its vector's bit and, unless
 * a notification is outstanding or they are suppressed and this one is not urgent, ON; then the
 * notification goes out. The update finds what the CPU wrote last and loses nothing of it.
 *
 * Reading: a descriptor that cannot be read or written faults with 27h, one with reserved bits with
 * 28h; both are qualified, as in VirtualBox. The order is theirs.
 *
 * @param said   what the facts say of the request.
 * @param entry  the posted entry, decoded.
 * @returns the reason of the fault, or 0.
 */
export function post(
  turn: Turn,
  said: { readonly source?: SourceId },
  index: number,
  entry: DecodedBy<typeof PostedEntry>,
): number {
  const { pdaLow, pdaHigh, vector, urg: urgent } = entry;
  const address = gpa((BigInt(pdaHigh) << 32n) | (BigInt(pdaLow) << 6n));
  const guest = guestIn(turn);
  const word = readDescriptor(guest, address);
  if (word === undefined) return reason.postedAccess;
  if ((word & PostedDescriptor.reservedMask) !== 0n) return reason.postedReserved;
  const { on, sn, nv, ndst } = PostedDescriptor.decode(word);
  const notifies = !on && (urgent || !sn);
  const next = word | (1n << BigInt(vector)) | (notifies ? PostedDescriptor.mask("on") : 0n);
  record(turn, { type: "MemoryWritten", gpa: address, bytes: bytesOf(next) });
  record(turn, { type: "InterruptPosted", ...said, index, descriptor: address, vector, urgent });
  const destination = destinationOf(ndst, guest.interruptTable.eime);
  if (notifies) record(turn, { type: "NotificationSent", destination, vector: nv });
  return 0;
}
