import { hex } from "../../events/address.ts";
import { byteIn, pageAt } from "../../tables/memory.ts";
import type { Law } from "./law.ts";
import { sightOf } from "./probes.ts";

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
        const page = pageAt(guest.memory, gfn);
        const wrong = bytes.findIndex((byte, offset) => byteIn(page, offset) !== byte);
        if (wrong < 0) continue;
        const text = `guest ${index}: the byte at ${hex(gfn * 4096 + wrong)} is another`;
        return { law: "ME1", seq: end.seq, text };
      }
    }
    return undefined;
  },
};
