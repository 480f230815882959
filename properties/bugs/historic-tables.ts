import type { HistoricBug } from "./historic.ts";

const walk = "hypervisor/first-stage/walk-first-stage.ts";

/** Mistakes of real implementations about tables of both stages, caches and the P2M. */
export const historicTableBugs: readonly HistoricBug[] = [
  {
    id: "whole-table-skipped",
    what: "A table that is unlinked as a whole stays mapped: only single pages are unmapped.",
    reference: "QEMU 36d2d52bdb",
    rule: "An invalidation unmaps everything that it covers and that is gone, at every level.",
    kind: "staleness",
    file: "hypervisor/shadow/build.ts",
    find:
      "if (read !== ok && write !== ok) " +
      "return filled(build, old, depth, at, unmapped(read, write));",
    replace:
      "if (read !== ok && write !== ok) {\n" +
      "    return level > 1 ? old : filled(build, old, depth, at, unmapped(read, write));\n  }",
    law: "SH1",
  },
  {
    id: "superpage-at-any-level",
    what: "An entry of the fourth or fifth level may map a superpage.",
    reference: "QEMU ce586f3b8d",
    rule: "PS is reserved where there are no superpages: at levels 4 and 5.",
    kind: "check",
    file: "events/shadow/second-stage-entry.ts",
    find: "  if (level >= 4) mask |= ps;\n",
    replace: "",
    law: "SH1",
  },
  {
    id: "reserved-in-leaves-alone",
    what: "Reserved bits of first-stage entries that name a table are not checked.",
    reference: "RISC-V IOMMU reference model 4672bfa",
    rule: "Reserved bits are checked in every present entry on the way.",
    kind: "check",
    file: walk,
    find:
      "if ((low & (masks[mask] as number)) !== 0 || " +
      "(high & (masks[mask + 1] as number)) !== 0) {",
    replace:
      "const isChecked = level === 1 || large === 1;\n    if (isChecked && " +
      "((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0)) {",
    law: "DM1",
  },
  {
    id: "upper-half-refused",
    what: "First stages translate addresses of the lower half alone.",
    reference: "QEMU (SMMUv3) e431b8f608",
    rule: "An address whose upper bits are all ones, like the top bit of its width, is canonical.",
    kind: "check",
    file: "hypervisor/first-stage/first-stage-rules.ts",
    find: "return page < upperHalf || page >= 2 ** 52 - upperHalf;",
    replace: "return page < upperHalf;",
    law: "DM1",
  },
  {
    id: "read-entry-refuses-write",
    what: "What a read left in the IOTLB answers a later write, too, and refuses it.",
    reference: "QEMU 07f7b73398",
    rule: "A cached entry serves the accesses that it was made for; others walk the tables.",
    kind: "permission",
    file: "hypervisor/first-stage/first-stage-answer.ts",
    find: "if (allows(cached, ask.write)) {",
    replace: "if (cached !== 0) {",
    law: "DM1",
  },
  {
    id: "top-bit-not-in-key",
    what: "Cached entries are found by an address without its top bit.",
    reference: "QEMU (AMD IOMMU) 637dc49a3a",
    rule: "Every address bit that tables tell apart is part of a cached entry's tag.",
    kind: "decoding",
    file: "projections/first-stage/space.ts",
    find: "number => page % 512 ** levels;",
    replace: "number => page % (512 ** levels / 2);",
    law: "DM1",
  },
  {
    id: "root-not-nested",
    what: "The root of a nested first stage is taken for a guest address.",
    reference: "QEMU (RISC-V IOMMU) 15abfced80",
    rule: "Under nesting every first-stage table is named by an address of the second stage.",
    kind: "decoding",
    file: walk,
    find:
      "const place = second === undefined ? undefined : second(table);\n" +
      "    const hidden = second === undefined ? 0 : tableFault(place, isRoot);",
    replace:
      "const place = second === undefined || isRoot ? undefined : second(table);\n" +
      "    const hidden = second === undefined || isRoot ? 0 : tableFault(place, isRoot);",
    law: "SH1",
  },
  {
    id: "width-of-tables-unchecked",
    what: "For device models, address bits above the tables' width are left out.",
    reference: "OpenVMM (AMD IOMMU) 9632186a0, QEMU (RISC-V IOMMU) e5d28bf2b3",
    rule: "An address that the tables are not wide enough for is blocked.",
    kind: "check",
    file: "hypervisor/device/answer-request.ts",
    find: "if (page >= pageLimit(guest, levels)) return fails(beyondSecond(scalable));",
    replace: "",
    law: "DM1",
  },
  {
    id: "last-line-not-flushed",
    what: "A flush that does not begin at a line misses the last line that it touches.",
    reference: "Xen b6d9398144 (CVE-2020-15565, XSA-321)",
    rule: "Every line that holds a byte of the range is written back.",
    kind: "scope",
    file: "tables/memory.ts",
    find: "const [first, last] = [offset >> 6, (Math.min(end, pageBytes) - 1) >> 6];",
    replace:
      "const first = offset >> 6;\n" +
      "  const last = first + Math.ceil((Math.min(end, pageBytes) - offset) / 64) - 1;",
    law: "ME1",
  },
  {
    id: "protected-without-flush",
    what: "When the P2M takes the right to write alone, nothing is flushed.",
    reference: "Xen (AMD IOMMU) 1a7ffe466c",
    rule: "Whatever takes a right away is in force before it returns.",
    kind: "staleness",
    file: "hypervisor/memory/p2m.ts",
    find: " || (write && !fact.write)) takes = true;",
    replace: ") takes = true;",
    law: "IS1",
  },
  {
    id: "pass-through-not-flushed",
    what: "What devices reached by pass-through stays cached when the P2M takes it away.",
    reference: "pKVM on Intel, pull request 91",
    rule: "Pass-through translations are cached, too; who takes a page away flushes them.",
    kind: "staleness",
    file: "hypervisor/shadow/follow-p2m.ts",
    find: "if (guestIn(turn).passThroughCache.root === 0) return;",
    replace: "if (guestIn(turn).passThroughCache.root !== undefined) return;",
    law: "IS1",
  },
];
