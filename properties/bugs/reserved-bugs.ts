import type { Bug } from "./bug.ts";

/** Mistakes in reserved regions. */
export const reservedBugs: readonly Bug[] = [
  {
    id: "region-end",
    what: "The end of a reserved region is taken for the first byte after it.",
    file: "hypervisor/memory/reserved-region.ts",
    find: "  pageOf(end) + 1,",
    replace: "  pageOf(end),",
    law: "RM1",
  },
  {
    id: "region-part",
    what: "A reserved region of which the P2M has a part already is left as it is.",
    file: "hypervisor/memory/reserved-region.ts",
    find: "next = page + count;",
    replace: "next = page + end;",
    law: "RM1",
  },
];
