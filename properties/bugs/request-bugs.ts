import type { Bug } from "./bug.ts";

/** Mistakes in what becomes of requests with PASID outside the tables. */
export const requestBugs: readonly Bug[] = [
  {
    id: "interrupt-with-pasid",
    what: "A write with PASID to the interrupt range is taken for an interrupt.",
    file: "hypervisor/device/dma.ts",
    find: "dma.pasid === undefined && isInterrupt(dma.iova)",
    replace: "isInterrupt(dma.iova)",
    law: "DM1",
  },
  {
    id: "legacy-pasid",
    what: "In legacy mode the PASID of a request is ignored.",
    file: "hypervisor/context/resolve.ts",
    find: "if (mode === legacy && pasid === undefined) return",
    replace: "if (mode === legacy) return",
    law: "DM1",
  },
  {
    id: "pasid-of-fault",
    what: "A fault record shows no PASID.",
    file: "hypervisor/device/dma.ts",
    find: "rights: rightsOf(dma) };",
    replace: "rights: {} };",
    law: "FA1",
  },
  {
    id: "pass-through-interrupts",
    what: "Pass-through requests with PASID reach the interrupt range.",
    file: "hypervisor/device/answer-request.ts",
    find: "return entry.pasid !== undefined && isInterruptPage(page) ?",
    replace: "return entry.pasid !== undefined && page < 0 ?",
    law: "DM1",
  },
];
