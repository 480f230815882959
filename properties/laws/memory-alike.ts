import { hex } from "../../events/address.ts";
import { asTablesSeeIt } from "../../projections/memory/sight.ts";
import type { Page } from "../../tables/memory.ts";
import { byteIn, half, pageAt } from "../../tables/memory.ts";
import type { Law } from "./law.ts";
import { sightOf } from "./probes.ts";

/** Whether a page of the model holds 4,096 bytes. */
function isAlike(page: Page | undefined, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let index = 0; index < 1024; index++) {
    if (half(page, index) >>> 0 !== view.getUint32(4 * index, true)) return false;
  }
  return true;
}

export const memoryIsAlike: Law = {
  id: "ME1",
  says:
    "In the end the IOMMU sees in guest memory what was written, landed and flushed, and " +
    "nothing else.",
  sometimes: ["pages"],
  check(run, count) {
    const { oracle } = sightOf(run);
    const end = run.steps.at(-1)?.after ?? run.start;
    for (const [index, { memory }] of oracle.worlds.entries()) {
      const guest = end.guests[index];
      if (guest === undefined) continue;
      for (const [gfn, bytes] of memory.seen) {
        count("pages");
        const page = pageAt(asTablesSeeIt(guest, guest.memory), gfn);
        if (isAlike(page, bytes)) continue;
        const wrong = bytes.findIndex((byte, offset) => byteIn(page, offset) !== byte);
        const text = `guest ${index}: the byte at ${hex(gfn * 4096 + wrong)} is another`;
        return { law: "ME1", seq: end.seq, text };
      }
    }
    return undefined;
  },
};
