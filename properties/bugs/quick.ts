/**
 * Bugs that the first six worlds of seed 1 show. Every run of the tests hunts a handful of them,
 * another one each day; `npm run hunt` hunts them all.
 */
export const quickBugs: readonly string[] = [
  ...["reserved-ignored", "interrupt-range", "visible-too-early", "p2m-removal", "p2m-in-flight"],
  ...["p2m-write", "frame-twice", "mask-ignored", "mask-unaligned", "domain-in-part"],
  ...["leaf-only", "iotlb-kept", "ring-wrap", "wait-first", "work-after-wait"],
  ...["long-status", "region-end", "region-part", "no-collapse", "overflow-overwrites"],
  ...["overflow-forgotten", "fpd-ignored", "event-again", "alias-ignored", "width-of-virtual"],
  ...["hole-told", "vvtd-no-translation", "vvtd-no-root-pointer", "vvtd-no-compatibility"],
  ...["vvtd-two-descriptors", "vvtd-lazy-queue", "vvtd-head-moves-on", "vvtd-positive-error"],
  ...["unit-base", "unit-caps", "unit-second", "unit-leftover", "model-told-more"],
  ...["saved-without-marks", "saved-without-cache", "saved-without-check"],
  ...["interrupt-source-unchecked", "interrupt-bus-range", "interrupt-entry-kept"],
  ...["interrupt-entry-forgotten", "interrupt-destination", "interrupt-sub-handle"],
  ...["interrupt-index-unrecorded", "posting-outstanding", "posting-lost-update"],
  ...["rid-pasid-zero", "directory-index", "context-by-domain", "legacy-pasid", "pasid-of-fault"],
];

/**
 * Turned targets of charts that the first 40 worlds of an ordinary run do not show, or show slowly.
 * All of its worlds, or an example test, catch them.
 */
export const slowTargets: ReadonlySet<string> = new Set([]);
