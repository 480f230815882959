import type { Bug } from "./bug.ts";

const held = "projections/device/device-tlb.ts";
const asked = "hypervisor/page-request/page-request.ts";

/** Mistakes with what devices hold in TLBs of their own, and with the pages that they ask for. */
export const deviceBugs: readonly Bug[] = [
  {
    id: "p2m-and-device-tlb",
    what: "What the P2M takes away stays in device TLBs.",
    file: "hypervisor/memory/p2m.ts",
    find: "    flushDeviceTlbs(turn, taken);\n",
    replace: "",
    law: "IS1",
  },
  {
    id: "device-flight",
    what: "A device answers before what it sent by the entries that go has landed.",
    file: "hypervisor/device/device-tlb.ts",
    find: "return flight.translated && flight.device === device && isCovered;",
    replace: "return !flight.translated && flight.device === device && isCovered;",
    law: "TL1",
  },
  {
    id: "failed-forgets",
    what: "A device that fails to invalidate forgets all the same.",
    file: "projections/queue/evolve-queue.ts",
    find: `  if (fact.result === "failed") return;\n`,
    replace: "",
    law: "TL1",
  },
  {
    id: "global-covers-none",
    what: "A device-TLB invalidation for every PASID covers none.",
    file: held,
    find: "asked.global ? pasid !== undefined : asked.pasid === pasid",
    replace: "!asked.global && asked.pasid === pasid",
    law: "TL1",
  },
  {
    id: "device-tlb-pasid",
    what: "A device-TLB invalidation for one PASID covers every other one too.",
    file: held,
    find: "asked.global ? pasid !== undefined : asked.pasid === pasid",
    replace:
      "asked.global || asked.pasid !== undefined ? pasid !== undefined : pasid === undefined",
    law: "TL1",
  },
  {
    id: "execute-as-read",
    what: "A device executes what it was told that it may read.",
    file: held,
    find: "const kinds = ask.execute ? [true] : [false, true];",
    replace: "const kinds = ask.execute ? [true, false] : [false, true];",
    law: "TL1",
  },
  {
    id: "translated-unchecked",
    what: "Devices send translated requests although their context does not let them.",
    file: "hypervisor/device/translated-request.ts",
    find: "const fault = entry === undefined ? 0 : contextFault(guestIn(turn), entry);",
    replace: `const fault = entry?.state === "blocked" ? contextFault(guestIn(turn), entry) : 0;`,
    law: "TL1",
  },
  {
    id: "full-by-tail",
    what: "The page-request queue is full once its tail, not the next one, is at its head.",
    file: "machines/page-request/page-request-queue.ts",
    find: "nextTail(event) === event.head",
    replace: "event.tail === event.head",
    law: "PG1",
  },
  {
    id: "event-every-time",
    what: "Every page request raises the event, whatever is pending.",
    file: asked,
    find: `if (state === "quiet" && (`,
    replace: `if (state !== "overflowed" && (`,
    law: "PG1",
  },
  {
    id: "request-of-device",
    what: "A page request names the device rather than the bridge that asks for it.",
    file: "hypervisor/page-request/queue-entry.ts",
    find: "    rid: requester,",
    replace: "    rid: request.device,",
    law: "PG1",
  },
  {
    id: "request-group",
    what: "The upper bits of a page request's group are lost.",
    file: "hypervisor/page-request/queue-entry.ts",
    find: "  prgi: request.group,",
    replace: "  prgi: request.group & 3,",
    law: "PG1",
  },
  {
    id: "page-not-renewed",
    what: "What is cached of a page stays when a device asks software for it.",
    file: asked,
    find: "    forgetPage(turn, request, entry);\n",
    replace: "",
    law: "PG1",
  },
  {
    id: "overflow-unanswered",
    what: "The last of a group that finds the queue full has no answer.",
    file: asked,
    find: `  if (!isQueued) answerDropped(turn, request, "success");\n`,
    replace: "",
    law: "PG1",
  },
];
