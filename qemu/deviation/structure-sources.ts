/** What sources say of a rule, and whether they say the opposite of what QEMU does. */
export type Says = readonly ["rule" | "open", string];

/** What was looked up, by deviation of translation and of the structures that it reads. */
export const structureSources = {
  "iotlb-permission": [
    "rule",
    "VT-d 5.10 Table 30 (LGN.2, LGN.3, SGN.6, SGN.7): lack of the right is a fault, wherever it " +
      "is known from; QEMU itself records it when it walks",
  ],
  "iotlb-source-tag": [
    "open",
    "VT-d 5.10 §6.2.7: in legacy mode an IOTLB entry of the request's page and source-id may be " +
      "used; software invalidates the domain that the entry had (§6.5.2.1)",
  ],
  "pass-through-width": [
    "rule",
    "VT-d 5.10 Table 30 (LGN.1.3, SGN.4.2). VirtualBox checks nothing, as QEMU",
  ],
  "superpage-interrupt-range": [
    "rule",
    "VT-d 5.10 Table 30 (SGN.8) is about the address of the result; VirtualBox looks at " +
      "where the leaf begins, and goes on in a superpage that begins below the range",
  ],
  "snoop-ignored": [
    "rule",
    "VT-d 5.10 Table 30 (SSS.3); QEMU itself checks the bit in legacy mode",
  ],
  "context-reserved-unsuppressed": [
    "rule",
    "VT-d 5.10 Table 30: the fault is qualified in both modes (LCT.3, SCT.3)",
  ],
  "table-in-device-memory": [
    "open",
    "VT-d 5.10 Table 30 speaks of an access that results in an error, and nothing says that one " +
      "to a device's registers does",
  ],
  "table-mode-ignored": ["rule", "VT-d 5.10 Table 30 (RTA.1); VirtualBox records it"],
  "first-stage-width": [
    "rule",
    "VT-d 5.10 Table 30 (SGN.1: 48 bits with 4 levels) and §9.6 (AW is ignored for first stages)",
  ],
  "execute-disable-ignored": [
    "open",
    "VT-d 5.10 §9.7 ignores bits 63:52, revisions with NXE had the CPU's paging, where bit 63 is " +
      "reserved without it (Intel's SDM, Linux's KVM)",
  ],
  "dirty-not-set": [
    "rule",
    "VT-d 5.10 §9.7: D says that a request for writing was successfully translated, so it is " +
      "set by a later write too, and not by one that faults",
  ],
  "pasid-reserved-ignored": ["rule", "VT-d 5.10 Table 30 (SPD.3, SPT.3)"],
  "pasid-fpd-ignored": [
    "rule",
    "VT-d 5.10 §9.5 and §9.6: FPD of either entry keeps qualified faults from being recorded, " +
      "whatever its P says; SPD.2 and SPT.2 to SPT.4 are qualified (Table 30)",
  ],
  "pasid-presence-ignored": [
    "rule",
    "VT-d 5.10 §9.6 (with P=0 all but FPD is ignored) and Table 30 (SPT.2); Linux tears an entry " +
      "down by clearing P (`intel_pasid_tear_down_entry`)",
  ],
  "pasid-type-unchecked": [
    "rule",
    "VT-d 5.10 Table 30 (SPT.4.1, SPT.4.2); FPD is about recording alone (§9.4 to §9.6)",
  ],
  "pasid-entry-unread": ["rule", "VT-d 5.10 Table 30 (SPD.1, SPD.2, SPT.1)"],
  "table-levels-unchecked": ["rule", "VT-d 5.10 Table 30 (SPT.4.1, SPT.4.3)"],
  "pasid-type-ignored": [
    "rule",
    "VT-d 5.10 §9.6: each type has its capability, and AW is ignored for first stages and " +
      "pass-through; QEMU 10 reads it so",
  ],
  "context-reserved-ignored": ["rule", "VT-d 5.10 Table 30 (SCT.3, SCT.4.1, SCT.4.2)"],
  "root-other-half": [
    "open",
    "VT-d 5.10 §9.2 (a half that is not present is ignored) and Table 30 SRT.3, which can be " +
      "read of both halves",
  ],
  "pass-through-kept": [
    "rule",
    "VT-d 5.10 §6.5.2.2: after a PASID-cache invalidation hardware has to use what memory holds",
  ],
  "first-stage-order": [
    "open",
    "VT-d 5.10 Table 30 promises no order between rows of one level; Linux's KVM walks as the " +
      "model does",
  ],
} as const satisfies Readonly<Record<string, Says>>;
