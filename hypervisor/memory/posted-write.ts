import type { Gpa } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import { readable, writable } from "../../tables/mapping.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

/** The unit writes to guest memory within a page; where the P2M takes no write it is lost. */
export function writePosted(turn: Turn, gpa: Gpa, bytes: Uint8Array): void {
  const { p2m } = guestIn(turn);
  const gfn = pageOf(gpa);
  if (writable(p2m, gfn)) {
    record(turn, { type: "MemoryWritten", gpa, bytes });
    return;
  }
  const why = readable(p2m, gfn) ? "readOnly" : "hole";
  record(turn, { type: "MemoryWriteDropped", gpa, length: BigInt(bytes.length), why });
}
