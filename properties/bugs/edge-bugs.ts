import type { Bug } from "./bug.ts";

/** Mistakes at the edges of ranges. */
export const edgeBugs: readonly Bug[] = [
  {
    id: "interrupt-range-short",
    what: "The last page of the interrupt range is an ordinary one.",
    file: "events/address.ts",
    find: "page >= interruptPages.first && page < interruptPages.end;",
    replace: "page >= interruptPages.first && page < interruptPages.end - 1;",
    law: "DM1",
  },
  {
    id: "interrupt-range-low",
    what: "The page before the interrupt range belongs to it.",
    file: "events/address.ts",
    find: "page >= interruptPages.first && page < interruptPages.end;",
    replace: "page >= interruptPages.first - 1 && page < interruptPages.end;",
    law: "DM1",
  },
  {
    id: "interrupt-range-in-block",
    what: "A superpage over the interrupt range is blocked there no further than half of it.",
    file: "hypervisor/shadow/stage-entry.ts",
    find: "const { first: interruptFirst, end: interruptEnd } = interruptPages;",
    replace:
      "const interruptFirst = interruptPages.first; const interruptEnd = interruptFirst + 128;",
    law: "SH1",
  },
  {
    id: "last-of-group",
    what: "The last of 32 neighbouring entries of a table is not read anew.",
    file: "hypervisor/shadow/build.ts",
    find: "const high = Math.min(31,",
    replace: "const high = Math.min(30,",
    law: "SH1",
  },
  {
    id: "group-half-blank",
    what: "32 entries count as blank where nobody wrote to the first 16 of them.",
    file: "hypervisor/shadow/build.ts",
    find: "(page[group * 2] === undefined && page[group * 2 + 1] === undefined)",
    replace: "page[group * 2] === undefined",
    law: "SH1",
  },
  {
    id: "last-page-kept",
    what: "What is cached of the last page of a first stage's width is never forgotten.",
    file: "projections/first-stage/space.ts",
    find: "end: Math.min(width, low + end - first)",
    replace: "end: Math.min(width - 1, low + end - first)",
    law: "IV6",
  },
  {
    id: "top-refused",
    what: "A range of the P2M that ends at the host address width is refused.",
    file: "hypervisor/memory/p2m.ts",
    find: "if (address + length > 1n << BigInt(guest.profile.haw))",
    replace: "if (address + length >= 1n << BigInt(guest.profile.haw))",
    law: "PF1",
  },
  {
    id: "second-width",
    what: "The last page of a second stage's width is beyond it.",
    file: "hypervisor/device/answer-request.ts",
    find: "if (page >= pageLimit(guest, shadow.levels)) return",
    replace: "if (page >= pageLimit(guest, shadow.levels) - 1) return",
    law: "DM1",
  },
];
