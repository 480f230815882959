import { gpa, gpaOfPage, iovaOfPage } from "../../events/address.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { asWalksSeeIt } from "../../projections/memory/sight.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";
import type { Answer } from "../device/page-answer.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

/** What a first-stage walk leaves behind: bits in its entries, and tables in the cache. */
export function leaveTraces(turn: Turn, entry: HostEntry, page: number, given: Answer): void {
  const { traces } = given;
  const stage = entry.space === undefined ? undefined : guestIn(turn).spaces[entry.space];
  if (traces === undefined || stage === undefined) return;
  for (const { gfn, index, low, high } of traces.updates) {
    // A table that is its own lower table has the bits by now.
    const guest = guestIn(turn);
    const now = wordIn(pageAt(asWalksSeeIt(guest, guest.memory), gfn), index * 8);
    if (now === (BigInt(high) << 32n) + BigInt(low)) continue;
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, low, true);
    view.setUint32(4, high, true);
    const address = gpa((BigInt(gfn) << 12n) + BigInt(index * 8));
    record(turn, { type: "MemoryWritten", gpa: address, bytes });
  }
  if (traces.tables.length === 0) return;
  record(turn, {
    type: "FirstStageTablesCached",
    space: stage.id,
    iova: iovaOfPage(page),
    level: traces.from - 1,
    tables: traces.tables.map((table) => gpaOfPage(table.page)),
    rights: traces.tables.map((table) => table.rights),
  });
}
