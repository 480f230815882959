import type { HistoricBug } from "./historic.ts";

const chart = "machines/queue/queue.ts";
const handler = "hypervisor/queue/queue.ts";
const evolver = "projections/queue/evolve-queue.ts";

/** Mistakes of real implementations about the invalidation queue and its waits. */
export const historicQueueBugs: readonly HistoricBug[] = [
  {
    id: "wide-tail-ignored",
    what: "A tail that is no multiple of a wide descriptor is ignored without an error.",
    reference: "QEMU e70e83f561",
    rule: "With IQA.DW set, bit 4 of IQT is reserved, and setting it is an IQE.",
    kind: "check",
    file: chart,
    find: `{ guard: "unaligned", target: "halted", actions: iqe(code.alignment) },`,
    replace: `{ guard: "unaligned" },`,
    law: "QU1",
  },
  {
    id: "upper-half-unchecked",
    what: "The upper half of a wide interrupt entry invalidation is not checked.",
    reference: "QEMU 096d96e7be",
    rule: "A descriptor of 128 bits is padded with zeros in a queue of 256-bit descriptors.",
    kind: "check",
    file: "events/queue/descriptor-scope.ts",
    find: "return width === 128 ? reserved : reserved | upperHalf;",
    replace:
      `const isChecked = width === 256 && row.name !== "interruptEntry";\n` +
      "  return isChecked ? reserved | upperHalf : reserved;",
    law: "QU1",
  },
  {
    id: "pasid-cache-of-legacy",
    what: "A unit without scalable mode takes PASID-cache invalidations and does nothing.",
    reference: "QEMU 3b52cea829",
    rule: "Descriptors of scalable mode are of an invalid type for a unit without it.",
    kind: "check",
    file: "events/queue/descriptor-scope.ts",
    find:
      `doc: "Forget PASID entries.",\n    width: 256,\n` +
      "    supported: (profile) => profile.smts,",
    replace: `doc: "Forget PASID entries.",\n    width: 128,\n    supported: () => true,`,
    law: "QU1",
  },
  {
    id: "status-or-interrupt",
    what: "A wait that asks for a status and an interrupt gives the interrupt alone.",
    reference: "QEMU e8145dcd31",
    rule: "SW and IF are independent; the status is written first.",
    kind: "decoding",
    file: handler,
    find: "if (sw(descriptor)) {",
    replace: "if (sw(descriptor) && !intf(descriptor)) {",
    law: "QU1",
  },
  {
    id: "fence-is-an-error",
    what: "A wait that asks for neither a status nor an interrupt halts the queue.",
    reference: "QEMU 57ac646a2e",
    rule: "A wait with FN alone orders what comes before and after it, and is valid.",
    kind: "check",
    file: handler,
    find: "if (sw(descriptor)) {",
    replace:
      "if (!sw(descriptor) && !intf(descriptor)) return reservedField;\n  if (sw(descriptor)) {",
    law: "QU1",
  },
  {
    id: "head-by-narrow-step",
    what: "IQH counts descriptors of 256 bits as if they had 128.",
    reference: "QEMU a4544c45e1",
    rule: "IQH is the byte offset of the next descriptor, whatever its width.",
    kind: "decoding",
    file: "projections/registers/registers.ts",
    find: "return BigInt(guest.queue.head);",
    replace:
      "return BigInt(guest.queue.head) >> ((guest.queue.address & 0x800n) === 0n ? 0n : 1n);",
    law: "QU2",
  },
  {
    id: "queue-not-resumed",
    what: "Descriptors that were queued before an error wait for another write to the tail.",
    reference: "QEMU (RISC-V IOMMU) b7d87fb10d",
    rule: "The queue goes on with what it holds once software has cleared the error.",
    kind: "life",
    file: "hypervisor/registers/register-write.ts",
    find: `if (pro) clearPageOverflow(turn);\n  });\n  kickQueue(turn);`,
    replace: `if (pro) clearPageOverflow(turn);\n  });`,
    law: "QU1",
  },
  {
    id: "disabled-while-waiting",
    what: "The queue can be disabled while a wait is still owed an answer.",
    reference: "RISC-V IOMMU reference model 1b136b5",
    rule: "The queue stays on until what it has begun is done.",
    kind: "life",
    file: chart,
    find: `Disable: refusal("the queue is disabled while a wait is pending"),`,
    replace: `Disable: { target: "disabled", actions: "QueueDisabled" },`,
    law: "QU2",
  },
  {
    id: "aborted-wait-completes",
    what: "ICS says that a wait is complete which a time-out has aborted.",
    reference: "RISC-V IOMMU reference model 51a4f58",
    rule: "IWC is set once a wait that asks for an interrupt has completed, and only then.",
    kind: "report",
    file: evolver,
    find: "DeviceTlbsGivenUp: giveUp,",
    replace: "DeviceTlbsGivenUp: giveUp,\n  WaitAborted: (guest) => setWaitDone(guest, true),",
    law: "EV9",
  },
  {
    id: "status-address-low-bits",
    what: "Bits 1 and 0 of a wait's status address count as address bits.",
    reference: "Jailhouse ae8b272f",
    rule: "A status has 4 bytes at a multiple of 4; the two lowest bits are reserved.",
    kind: "decoding",
    file: "events/queue/descriptors.ts",
    find:
      `statusAddr: address([127, 66], "Where the status word goes, 4 bytes."),\n  },\n` +
      `  reserved: [\n    [8, 8],\n    [31, 12],\n    [65, 64],\n`,
    replace:
      `statusAddr: address([127, 64], "Where the status word goes, 4 bytes."),\n  },\n` +
      `  reserved: [\n    [8, 8],\n    [31, 12],\n`,
    law: "QU1",
  },
  {
    id: "tail-before-enable",
    what: "A tail that was set before the queue is enabled has no effect.",
    reference: "QEMU 8991c460be",
    rule: "Once enabled, the queue runs while its head is not its tail.",
    kind: "life",
    file: "hypervisor/queue/queue.ts",
    find: "value: stored(guestIn(turn), at.iqa) });\n  kickQueue(turn);",
    replace: "value: stored(guestIn(turn), at.iqa) });",
    law: "QU2",
  },
  {
    id: "completion-only-unmasked",
    what: "IWC is set only while the completion interrupt is not masked.",
    reference: "OpenVMM (AMD IOMMU) 9632186a0",
    rule: "Masking an event keeps its message back, not its status bit.",
    kind: "report",
    file: evolver,
    find: "if (fact.interrupt) setWaitDone(guest, true);",
    replace:
      "if (fact.interrupt && ((guest.registers[0xa0 >> 2] ?? 0n) >> 31n) === 0n) " +
      "setWaitDone(guest, true);",
    law: "EV9",
  },
];
