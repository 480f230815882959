import type { Bug } from "./bug.ts";

/** Mistakes in what a unit owes its guest, its devices and their models. */
export const owedBugs: readonly Bug[] = [
  {
    id: "off-before-its-tail",
    what: "After any wait the queue may be turned off, although its tail is further on.",
    file: "machines/queue/queue.ts",
    find: "context.head === event.tail && context.lastWasWait",
    replace: "context.lastWasWait",
    law: "QU2",
  },
  {
    id: "off-by-time-out",
    what: "A time-out turns the queue off.",
    file: "hypervisor/queue/queue.ts",
    find: `export const giveUp = (turn: Turn): void => stepRaising(turn, { type: "GivenUp" });`,
    replace:
      `export const giveUp = (turn: Turn): void => {\n  stepRaising(turn, { type: "GivenUp" });\n` +
      "  const { state, head } = guestIn(turn).queue;\n" +
      `  if (state === "halted") step(turn, { type: "Disable", tail: head });\n};`,
    law: "GS2",
  },
  {
    id: "failure-untold",
    what: "An answer by which a device says that it failed is like any other.",
    file: "hypervisor/queue/queue.ts",
    find: `if (!expected || result === "failed") stepRaising(`,
    replace: "if (!expected) stepRaising(",
    law: "QU3",
  },
  {
    id: "time-out-by-answer",
    what: "Writing 1 to ICE clears ITE too.",
    file: "hypervisor/registers/register-write.ts",
    find: "if (ite) clearQueueError",
    replace: "if (ite || ice) clearQueueError",
    law: "RG3",
  },
  {
    id: "completion-under-mask",
    what: "A wait that completes while the completion event is masked does not set IWC.",
    file: "projections/queue/evolve-queue.ts",
    find: "if (fact.interrupt) setWaitDone(guest, true);",
    replace:
      "if (fact.interrupt && (guest.registers[0xa0 >> 2] ?? 0n) >> 31n === 0n) " +
      "setWaitDone(guest, true);",
    law: "FT1",
  },
  {
    id: "debt-forgotten",
    what: "A device owes an answer to the last of several invalidations alone.",
    file: "projections/queue/evolve-queue.ts",
    find: "const unanswered = [...guest.queue.unanswered, one];",
    replace:
      "const unanswered = [...guest.queue.unanswered.filter((old) => old.device !== device), one];",
    law: "IV4",
  },
  {
    id: "pasid-entries-stay",
    what: "A device that goes leaves the host entries of its PASIDs.",
    file: "projections/device/evolve-device.ts",
    find: "hostsWhere(guest.hosts, ({ source }) => source === device.requester)",
    replace:
      "hostsWhere(guest.hosts, ({ source, pasid }) => source === device.requester && " +
      "pasid === undefined)",
    law: "HE1",
  },
  {
    id: "alias-taken-along",
    what: "A device that goes takes the host entries along that another one behind its alias uses.",
    file: "projections/device/evolve-device.ts",
    find: "if (deviceBehind(guest, device.requester) !== undefined) return;",
    replace: "",
    law: "HE1",
  },
  {
    id: "first-stage-left",
    what: "A first stage that no host entry uses any more is kept.",
    file: "hypervisor/host/attach.ts",
    find: "if (!spaces.has(space)) record(",
    replace: "if (spaces === undefined) record(",
    law: "HE1",
  },
  {
    id: "directory-unmarked",
    what: "A changed entry of a PASID directory marks nothing.",
    file: "projections/memory/pending-marks.ts",
    find: `const pathParts: readonly PathPart[] = ["pending", "pasidPending"];`,
    replace: `const pathParts: readonly PathPart[] = ["pending"];`,
    law: "HE3",
  },
  {
    id: "context-table-unknown",
    what: "Tables of root, context and PASID entries are not noted, so that no write marks any.",
    file: "hypervisor/host/attach.ts",
    find: `record(turn, { type: "ContextTableUsed", table: gpaOfPage(gfn) });`,
    replace: "gpaOfPage(gfn);",
    law: "HE3",
  },
  {
    id: "protected-when-off",
    what: "Protected memory is protected while translation is off alone, not from pass-through.",
    file: "hypervisor/device/dma.ts",
    find: "if (untranslated && fault <= 0 && isProtected(guest, page))",
    replace:
      `if (untranslated && fault <= 0 && guest.charts.translation !== "enabled" && ` +
      "isProtected(guest, page))",
    law: "DM2",
  },
  {
    id: "refused-as-hole",
    what: "A DMA that the host refuses is blocked as one into a hole.",
    file: "hypervisor/device/dma.ts",
    find: `if (entry.state === "refused") block(turn, dma, access, { host: "refused" });`,
    replace: `if (entry.state === "refused") block(turn, dma, access, { host: "hole" });`,
    law: "DM2",
  },
  {
    id: "model-told-other-right",
    what: "A device model that asks to write is told of a read where the page gives one.",
    file: "hypervisor/device/device-translate.ts",
    find: "if (fault > 0) return { ...nothing, reason: fault };",
    replace: "if (fault > 0) return { ...nothing, reason: fault === 5 ? 6 : fault };",
    law: "DT1",
  },
];
