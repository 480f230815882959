/** What was looked up for a rule that QEMU breaks. */
export interface Source {
  /** The specification where it is quoted in public, and other implementations, in own words. */
  readonly says: string;
  /** Sources allow what QEMU does as well: the rule is the model's choice, and no accusation. */
  readonly isOpen: boolean;
}

const rule = (says: string): Source => ({ says, isOpen: false });
const open = (says: string): Source => ({ says, isOpen: true });

/** By deviation. Of one that is not here nothing was looked up beside what its rule says. */
export const sources: Readonly<Record<string, Source>> = {
  "wait-nothing": rule(
    "Linux drains page requests with a wait that has FN alone, as VT-d §7.10 has it " +
      "(`intel_drain_pasid_prq`); VirtualBox and OpenVMM execute a wait that asks for nothing",
  ),
  "pasid-mask-refused": rule(
    "Intel's text of CAP.MAMV: PASID-based ones take any defined mask; Linux does not limit it",
  ),
  "empty-queue-kept": rule(
    "Linux `dmar_disable_qi` disables a queue whose head has reached its tail, with no wait " +
      "before; OpenVMM disables whatever came last",
  ),
  "device-tlb-accepted": rule(
    "VT-d §6.5.2.5 and 6.5.2.6 as a fork of OpenVMM has them: an invalid type without ECAP.DT. " +
      "VirtualBox and OpenVMM itself pass over it, as QEMU does",
  ),
  "pass-through-width": open(
    "VirtualBox checks nothing either; Intel's text of CAP.MGAW is about second stages alone; " +
      "Linux knows 83h as an address beyond the hardware's maximum",
  ),
  "superpage-interrupt-range": rule(
    "VT-d 5.10 Table 30 (SGN.8) is about the address of the result; VirtualBox looks at " +
      "where the leaf begins, and goes on in a superpage that begins below the range",
  ),
  "execute-disable-ignored": rule(
    "the CPU's paging, whose format first stages have: XD is reserved while NXE is 0 (Intel's " +
      "SDM, Linux's KVM). No VT-d unit but QEMU's has first stages in public",
  ),
  "root-other-half": open(
    "VT-d 5.10 §9.2 (a half that is not present is ignored) and Table 30 SRT.3, which can be " +
      "read of both halves",
  ),
  "first-stage-order": open(
    "VT-d 5.10 Table 30 promises no order between rows of one level; Linux's KVM walks as the " +
      "model does",
  ),
  "tail-unaligned-early": open(
    "IQERCD.IQEI 6 and IQT say that it is an error, not when; VirtualBox raises it as QEMU does",
  ),
};
