import type { Bug } from "./bug.ts";

/** Mistakes in event lines, and in what software clears. */
export const eventBugs: readonly Bug[] = [
  {
    id: "event-lost",
    what: "Unmasking an event line forgets what is pending instead of sending it.",
    file: "machines/registers/event-line.ts",
    find: "actions: [controlSet, sent]",
    replace: "actions: [controlSet]",
    law: "EV9",
  },
  {
    id: "event-stays",
    what: "A pending fault event stays when the last condition is cleared.",
    file: "hypervisor/fault/fault.ts",
    find: "if (!anyCondition(guestIn(turn))) withdraw(",
    replace: "if (turn.index < 0) withdraw(",
    law: "EV9",
  },
  {
    id: "event-address",
    what: "The upper address of an event's message is not looked at.",
    file: "hypervisor/registers/event-line.ts",
    find: "(stored(guest, high) << 32n) | stored(guest, low)",
    replace: "stored(guest, high) === 0n ? stored(guest, low) : stored(guest, low)",
    law: "EV9",
  },
  {
    id: "completion-again",
    what: "Every wait that asks for it raises the completion event, even while IWC is set.",
    file: "hypervisor/queue/queue.ts",
    find: "const first = interrupt && !queue.waitDone;",
    replace: "const first = interrupt;",
    law: "EV9",
  },
  {
    id: "errors-together",
    what: "Writing 1 to IQE clears ICE too.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (ice) clearQueueError",
    replace: "if (ice || iqe) clearQueueError",
    law: "RG3",
  },
  {
    id: "overflow-unasked",
    what: "Writing 1 to any error of the queue clears PFO too.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (pfo) clearOverflow",
    replace: "if (pfo || iqe || ice || ite) clearOverflow",
    law: "RG3",
  },
  {
    id: "page-status-together",
    what: "Clearing PPR clears PRO too.",
    file: "hypervisor/page-request/page-request.ts",
    find: "if (pro) clear(",
    replace: "if (ppr || pro) clear(",
    law: "RG3",
  },
];
