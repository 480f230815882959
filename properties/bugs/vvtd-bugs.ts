import type { Bug } from "./bug.ts";

/**
 * What Xen's posted virtual VT-d of 2017 got wrong in its registers, its queue and its fault
 * records, and mistakes of the same kind in the life of a unit.
 */
export const vvtdBugs: readonly Bug[] = [
  {
    id: "vvtd-no-translation",
    what: "TE is ignored, although widths are announced: a guest waits for TES forever.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (changed.te) setTranslation(turn, asked.te);",
    replace: "",
    law: "GS1",
  },
  {
    id: "vvtd-no-root-pointer",
    what: "SRTP is ignored: RTPS is never set.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (asked.srtp) setRootPointer(turn);",
    replace: "",
    law: "GS1",
  },
  {
    id: "vvtd-no-compatibility",
    what: "CFI is ignored: CFIS stays as it is.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (changed.cfi) {",
    replace: "if (changed.cfi && changed.te) {",
    law: "GS1",
  },
  {
    id: "vvtd-two-descriptors",
    what: "The queue knows interrupt entries and waits alone; any other type is an IQE.",
    file: "hypervisor/queue/queue.ts",
    find: "if (spec === undefined || !spec.supported(profile) || spec.width > width) {",
    replace:
      "if (spec === undefined || !spec.supported(profile) || spec.width > width || " +
      "(type !== 4 && type !== 5)) {",
    law: "QU1",
  },
  {
    id: "vvtd-lazy-queue",
    what: "Moving the tail executes nothing; something else has to come along.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (offset === at.iqt) kickQueue(turn);",
    replace: "",
    law: "QU1",
  },
  {
    id: "vvtd-aligned-only",
    what: "Accesses that are not 4 or 8 bytes, aligned, are ignored.",
    file: "hypervisor/registers/register-write.ts",
    find: "const parts = partsOf(guestIn(turn).profile, offset, size);",
    replace:
      "if ((size !== 4 && size !== 8) || offset % size !== 0) return;\n" +
      "  const parts = partsOf(guestIn(turn).profile, offset, size);",
    law: "RG1",
  },
  {
    id: "vvtd-next-record",
    what: "A fault goes to the record after the one that is free.",
    file: "projections/fault/evolve-fault.ts",
    find: "draft.records[index] = { source, reason,",
    replace: "draft.records[(index + 1) % draft.records.length] = { source, reason,",
    law: "FA1",
  },
  {
    id: "vvtd-head-moves-on",
    what: "IQH points behind the descriptor that failed.",
    file: "hypervisor/queue/queue.ts",
    find: `stepRaising(turn, { type: "Refused", iqei: outcome.iqei });`,
    replace:
      `step(turn, { type: "Executed", wait: false }); stepRaising(turn, { type: "Refused", ` +
      `iqei: outcome.iqei });`,
    law: "QU1",
  },
  {
    id: "vvtd-positive-error",
    what: "A failure to create is answered with a number that is no error.",
    file: "hypervisor/life/life-cycle.ts",
    find: `OperationResult | undefined = created === undefined ? "-EINVAL"`,
    replace: `OperationResult | undefined = created === undefined ? "0"`,
    law: "LC1",
  },
  {
    id: "unit-base",
    what: "A unit may lie at an address that is not aligned.",
    file: "hypervisor/life/life-cycle.ts",
    find: "if (base % 4096n !== 0n || ",
    replace: "if (",
    law: "LC1",
  },
  {
    id: "unit-caps",
    what: "Capabilities that do not exist are accepted.",
    file: "hypervisor/life/life-cycle.ts",
    find: "if ((caps & ~interruptRemappingCap) !== 0n) return undefined;",
    replace: "",
    law: "LC1",
  },
  {
    id: "unit-second",
    what: "A second unit takes the place of the first.",
    file: "machines/life/life-cycle.ts",
    find: `Create: { actions: answer("create", "-E2BIG") },`,
    replace: `Create: [fails("create"), { actions: [created, identified] }],`,
    law: "LC1",
  },
  {
    id: "unit-leftover",
    what: "Devices of a unit that is gone still go through its shadows.",
    file: "hypervisor/life/life-cycle.ts",
    find: "  if (!there || failure !== undefined) return;\n  refreshAllHosts(turn);",
    replace: "",
    law: "LC1",
  },
  {
    id: "model-told-more",
    what: "A device model is told that it may write what it may read.",
    file: "hypervisor/device/device-translate.ts",
    find: "told.write = !isMessage && writeCode(given.mapping) === ok;",
    replace: "told.write = told.read;",
    law: "DT1",
  },
  {
    id: "saved-without-marks",
    what: "What was pending is not saved.",
    file: "projections/life/save-record.ts",
    find: "    ...{ pending, places },",
    replace: "    ...{ pending: { ...pending, root: 0 }, places },",
    law: "SV1",
  },
  {
    id: "saved-without-cache",
    what: "The IOTLB is empty after a restore.",
    file: "projections/life/save-frames.ts",
    find: "cache = fill(cache, first, first + pages, grant - flagsOf(grant) + flags);",
    replace: "cache = fill(cache, first, first, grant);",
    law: "SV1",
  },
  {
    id: "saved-without-check",
    what: "A record's checksum is not looked at.",
    file: "projections/life/save-text.ts",
    find: "if (digestOf(body) !== match[3])",
    replace: "if (match.length !== 4)",
    law: "SV2",
  },
];
