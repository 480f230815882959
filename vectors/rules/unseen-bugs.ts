/** Why no case can show a seeded bug: in words, and the bugs that it holds for. */
type Unseen = readonly [reason: string, bugs: string];

const unseen: readonly Unseen[] = [
  [
    "It is about what the host keeps and grants behind the unit: no request changes the P2M.",
    "page-comes-back p2m-split p2m-removal p2m-iotlb p2m-in-flight p2m-write frame-twice " +
      "superpage-of-small-pages region-end region-part hole-told p2m-and-first-stage " +
      "p2m-and-device-tlb protected-without-flush pass-through-not-flushed top-refused " +
      "split-grants pasid-tlb-unflushed top-unfollowed refused-as-hole told-unchanged",
  ],
  [
    "It is about what is asked of the host's kernel: no request shows it.",
    "host-destroyed-in-use host-mapped-over host-attached-early host-unmap-forgotten " +
      "host-flush-forgotten host-flush-short host-flush-leaves host-second-root " +
      "host-pasid-forgotten host-alias-forgotten host-kept-out-attached " +
      "host-rights-mixed-up host-protected-mapped host-part-moved host-rights-joined " +
      "host-dirty-forgotten host-failure-ignored host-failure-above host-taken-over-early " +
      "host-answer-forgotten",
  ],
  [
    "It is about making, saving and resetting a unit, and about devices that come and go.",
    "vvtd-positive-error unit-base unit-caps unit-second unit-leftover saved-without-marks " +
      "saved-without-cache saved-without-check remapping-after-reset queue-width-not-restored " +
      "pasid-entries-stay alias-taken-along first-stage-left attached-with-old-tlb",
  ],
  [
    "No request of a target says it: a request in flight, an unflushed write, a time-out.",
    "in-flight-left first-stage-flight domain-flight device-flight visible-too-early " +
      "posting-lost-update last-line-not-flushed aborted-wait-completes time-out-by-answer " +
      "any-error-resumes page-written-back off-by-time-out buffer-skipped " +
      "buffer-skipped-by-cache buffer-never-empty buffer-outlasts-invalidation " +
      "buffer-outlasts-contexts buffer-outlasts-interrupts buffer-unmarked",
  ],
  [
    "It is about what a device holds, or a device model is told; a target is the unit.",
    "failed-forgets global-covers-none device-tlb-pasid execute-as-read translated-unchecked " +
      "answer-without-pasid device-range-halved model-told-more " +
      "model-told-other-right model-told-low-part",
  ],
  [
    "A unit may remember or forget, or invalidate more than it is asked: either answer is right.",
    "domain-mixed-up leaf-only interrupt-entry-forgotten interrupt-caching-mode " +
      "superpage-in-part",
  ],
  [
    "No target is asked it: accesses of other sizes, requests into the interrupt range or to " +
      "where no memory is, messages with more than 16 bits of data.",
    "vvtd-aligned-only interrupt-with-pasid pass-through-interrupts interrupt-range-translated " +
      "interrupt-range-low interrupt-data-high",
  ],
  [
    "What software does there is undefined, so that no target is asked.",
    "disabled-while-waiting off-before-its-tail",
  ],
  ["Notifications of posted interrupts are not among the answers.", "posting-outstanding"],
  [
    "The machine that programs are for has no two devices that differ in their bus alone.",
    "bus-lost",
  ],
  [
    "No target with a profile of version 2.x is known.",
    "extended-half extended-pasid-index extended-table-size " +
      "extended-pass-through-pasids extended-paside-ignored extended-guest-mode " +
      "extended-nest-ignored extended-table-not-nested extended-nest-capability " +
      "extended-reserved extended-fpd extended-sre extended-wpe extended-nxe " +
      "extended-smep-for-wpe extended-reason-kept extended-fault-tag " +
      "extended-iotlb-of-one extended-type-of-seven-bits extended-request-size " +
      "extended-request-bus extended-overflow-in-prs extended-pre-ignored " +
      "extended-eafe extended-domain extended-root-of-entry " +
      "extended-table-without-paside",
  ],
];

/** The reason why no case finds a seeded bug, by the bug's id. */
export const unseenBugs: ReadonlyMap<string, string> = new Map(
  unseen.flatMap(([reason, ids]) => ids.split(" ").map((id) => [id, reason] as const)),
);
