import type { Says } from "./structure-sources.ts";
import { structureSources } from "./structure-sources.ts";

/** What was looked up for a rule that QEMU breaks. */
export interface Source {
  /** The specification where it is quoted in public, and other implementations, in own words. */
  readonly says: string;
  /** Sources allow what QEMU does as well: the rule is the model's choice, and no accusation. */
  readonly isOpen: boolean;
}

/** By deviation of the queue, registers, interrupts and faults. */
const unitSources = {
  "wait-both": [
    "rule",
    "VT-d 5.10 §6.5.2.9: SW asks for a status, IF for an interrupt, each for itself; QEMU 11.1 " +
      "executes it",
  ],
  "wait-nothing": [
    "rule",
    "Linux drains page requests with a wait that has FN alone, as VT-d §7.10 has it " +
      "(`intel_drain_pasid_prq`); VirtualBox and OpenVMM execute a wait that asks for nothing",
  ],
  "pasid-mask-refused": [
    "rule",
    "Intel's text of CAP.MAMV: PASID-based ones take any defined mask; Linux does not limit it",
  ],
  "empty-queue-kept": [
    "rule",
    "Linux `dmar_disable_qi` disables a queue whose head has reached its tail, with no wait " +
      "before; OpenVMM disables whatever came last",
  ],
  "queue-not-resumed": [
    "rule",
    "VT-d 5.10 §6.5.2: an enabled queue that is not empty is fetched from unless IQE or ITE " +
      "stands; Linux `qi_check_fault` clears IQE and waits, without a write to IQT",
  ],
  "device-tlb-accepted": [
    "rule",
    "VT-d §6.5.2.5 and 6.5.2.6 as a fork of OpenVMM has them: an invalid type without ECAP.DT. " +
      "VirtualBox and OpenVMM itself pass over it, as QEMU does",
  ],
  "pasid-descriptor-accepted": [
    "rule",
    "VT-d 5.10 Table 26: types 6 and 7 are valid in scalable mode alone; QEMU 10 refuses them",
  ],
  "descriptor-type-bits": [
    "rule",
    "VT-d 5.10 §6.5.2: the type is bits 11:9 and 3:0 together; QEMU 10 reads it so",
  ],
  "descriptor-accepted": [
    "rule",
    "VT-d 5.10 §11.4.9.9 (IQEI 3 and 4), §6.5.2: a reserved bit or granularity, or a width that " +
      "is not the queue's, is an error, and so is type 9 without PRS (§7.6.1); QEMU 10 checks " +
      "the upper halves and most types",
  ],
  "iqa-latched": [
    "rule",
    "VT-d 5.10 §11.4.9.3: IQA can be read and written; VirtualBox and OpenVMM show what was " +
      "written",
  ],
  "irta-eime": ["rule", "VT-d 5.10 §11.4.10: without EIM the bit is RsvdZ"],
  "compatibility-ignored": [
    "rule",
    "VT-d 5.10 §5.1.4 (CFIS decides); VirtualBox and OpenVMM set CFIS as CFI says",
  ],
  "compatibility-passed": ["rule", "VT-d 5.10 §5.1.4 and Table 15 (25h); OpenVMM blocks them"],
  "interrupt-fault-unreported": [
    "rule",
    "VT-d 5.10 §5.1.4: each check that blocks one is a fault condition; VirtualBox and QEMU 10 " +
      "record it",
  ],
  "irte-mode-ignored": [
    "rule",
    "VT-d 5.10 §9.9 and §9.10: reserved without PI, and without EIME; VirtualBox checks " +
      "both, OpenVMM refuses IM",
  ],
  "irte-bus-order": [
    "rule",
    "VT-d 5.10 §9.9: the first bus is in the upper half; Linux and Xen write it so, VirtualBox " +
      "reads it so. OpenVMM reads it as QEMU does",
  ],
  "fault-event-kept": [
    "rule",
    "VT-d 5.10 §11.4.7.2: IP goes once F of every record, and the other conditions, are cleared",
  ],
  "fault-record-pasid": [
    "rule",
    "VT-d 5.10 §11.4.7.6: PP says that the request had a PASID; VirtualBox and QEMU 11.1 set it so",
  ],
  "scalable-reasons": [
    "rule",
    "VT-d 5.10 Table 30 has a code for each in scalable mode; Linux has texts for these " +
      "(`dmar_remap_sm_fault_reasons`)",
  ],
  "tail-unaligned-ignored": [
    "rule",
    "VT-d 5.10 §11.4.9.9: IQEI 6; VirtualBox and QEMU 10 raise it",
  ],
  "tail-unaligned-early": [
    "open",
    "IQERCD.IQEI 6 and IQT say that it is an error, not when; VirtualBox raises it as QEMU does",
  ],
} as const satisfies Readonly<Record<string, Says>>;

const all: Readonly<Record<string, Says>> = { ...unitSources, ...structureSources };

/** By deviation, each of them. */
export const sources: Readonly<Record<string, Source>> = Object.fromEntries(
  Object.entries(all).map(([id, [kind, says]]) => [id, { says, isOpen: kind === "open" }]),
);
