import type { Bug } from "./bug.ts";

const memory = "projections/memory/seen-by-unit.ts";
const invalidate = "hypervisor/queue/carry-out-invalidation.ts";

/** Mistakes about what waits in a write buffer, and what makes the unit see it. */
export const writeBufferBugs: readonly Bug[] = [
  {
    id: "buffer-skipped",
    what: "A unit with a write buffer sees at once what the CPU writes.",
    file: memory,
    find: 'return profile.rwbf ? "buffered" : "seen";',
    replace: 'return "seen";',
    law: "SH1",
  },
  {
    id: "buffer-skipped-by-cache",
    what: "What is written back is seen without a flush of the write buffer.",
    file: memory,
    find: "guest.memory = flushLines(before, gfn, from, to, rwbf);",
    replace: "guest.memory = flushLines(before, gfn, from, to, false);",
    law: "ME1",
  },
  {
    id: "buffer-never-empty",
    what: "WBF makes the unit see nothing.",
    file: memory,
    find: "  WriteBufferFlushed: (guest, _, seq) => drainBuffer(guest, seq),\n",
    replace: "",
    law: "ME1",
  },
  {
    id: "buffer-outlasts-invalidation",
    what: "An IOTLB invalidation does not flush the write buffer.",
    file: invalidate,
    find: 'fact: FactOf<"IotlbInvalidated">): void {\n  drainBuffer(turn);',
    replace: 'fact: FactOf<"IotlbInvalidated">): void {',
    law: "HE3",
  },
  {
    id: "buffer-outlasts-contexts",
    what: "A context-cache invalidation does not flush the write buffer.",
    file: invalidate,
    find: "scope: ContextScope): void {\n  drainBuffer(turn);",
    replace: "scope: ContextScope): void {",
    law: "SH1",
  },
  {
    id: "buffer-outlasts-interrupts",
    what: "An invalidation of interrupt entries does not flush the write buffer.",
    file: invalidate,
    find: "  drainBuffer(turn);\n  record(turn, fact);\n}\n\n/** Forgets cached contexts",
    replace: "  record(turn, fact);\n}\n\n/** Forgets cached contexts",
    law: "IR1",
  },
  {
    id: "buffer-unmarked",
    what: "What a flush of the write buffer changes is not pending.",
    file: memory,
    find: "    markChanged(guest, { before, gfn, from: 0, to: 4096, seq });\n",
    replace: "",
    law: "HE3",
  },
];
