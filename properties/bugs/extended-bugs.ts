// Length: one list of small mistakes.

import type { Bug } from "./bug.ts";

const context = "hypervisor/context/extended.ts";
const entries = "hypervisor/context/extended-entry.ts";
const pasid = "hypervisor/context/extended-pasid.ts";
const layout = "events/context/extended-context-entry.ts";
const renamed = "events/fault/extended-reason.ts";
const scope = "events/queue/extended-scope.ts";
const worlds = "extended";

/** Mistakes in extended contexts, which only a unit of version 2.x can show. */
export const extendedBugs: readonly Bug[] = [
  {
    ...{ id: "extended-half", worlds, law: "SH1" },
    what: "The lower half of a bus's functions has the context table of both.",
    file: "projections/context/context-table.ts",
    find: `table("extended root", "source", [15, 7]`,
    replace: `table("extended root", "source", [15, 8]`,
  },
  {
    ...{ id: "extended-pasid-index", worlds, law: "SH1" },
    what: "The upper bits of a PASID do not count in its table.",
    file: "projections/context/context-table.ts",
    find: `"extended PASID entry", "pasid", [19, 0]`,
    replace: `"extended PASID entry", "pasid", [7, 0]`,
  },
  {
    ...{ id: "extended-table-size", worlds, law: "SH1" },
    what: "A PASID beyond its table is looked up behind it.",
    file: pasid,
    find: "return pasid < 2 ** (fieldOf(entry, pts) + 5) ? 0 : reason.extendedPasidBeyond;",
    replace: "return 0;",
  },
  {
    ...{ id: "extended-pass-through-pasids", worlds, law: "SH1" },
    what: "A type that passes requests without PASID serves those with one too.",
    file: pasid,
    find: "if (fieldOf(entry, t) === extendedTypes.passThrough) return reason.typeBlocked;",
    replace: "",
  },
  {
    ...{ id: "extended-paside-ignored", worlds, law: "SH1" },
    what: "Requests with PASID are served without PASIDE.",
    file: entries,
    find: "isSet(entry, paside) && fieldOf(entry, t) !== passThrough;",
    replace: "fieldOf(entry, t) !== passThrough;",
  },
  {
    ...{ id: "extended-guest-mode", worlds, law: "SH1" },
    what: "Type 100b translates requests without PASID.",
    file: context,
    find: `if (type !== untranslated && type !== all) return { kind: "passThrough", ...common };`,
    replace: `if (type === passThrough) return { kind: "passThrough", ...common };`,
  },
  {
    ...{ id: "extended-nest-ignored", worlds, law: "SH1" },
    what: "NESTE puts no second stage under a first one.",
    file: pasid,
    find: "[rulesOf(entry), isSet(entry, neste) ? secondOf(entry) : undefined];",
    replace: "[rulesOf(entry), isSet(entry, ere) ? undefined : undefined];",
  },
  {
    ...{ id: "extended-table-not-nested", worlds, law: "SH1" },
    what: "Under nesting the PASID table is read where its address is in memory.",
    file: pasid,
    find: "if (second === undefined) return { start };",
    replace: "if (second === undefined || start > 0) return { start };",
  },
  {
    ...{ id: "extended-nest-capability", worlds, law: "SH1" },
    what: "NESTE is taken without ECAP.NEST.",
    file: layout,
    find: `  [({ nest }) => nest, "NEST", ["neste"]],\n`,
    replace: "",
  },
  {
    ...{ id: "extended-reserved", worlds, law: "SH1" },
    what: "Reserved bits of an extended context entry are not looked at.",
    file: context,
    find: "hasAny(entry, mask.context) || hasAny",
    replace: "hasAny",
  },
  {
    ...{ id: "extended-fpd", worlds, law: "FA1" },
    what: "FPD of an extended context entry has no effect on requests with PASID.",
    file: pasid,
    find: "reason: code, fpd: isSuppressed, pasid: part",
    replace: "reason: code, fpd: false, pasid: part",
  },
  {
    ...{ id: "extended-sre", worlds, law: "FA1" },
    what: "SRE of a PASID entry does not count.",
    file: pasid,
    find: "sre: isSet(entry, pasidBits.sre)",
    replace: "sre: true",
  },
  {
    ...{ id: "extended-wpe", worlds, law: "FA1" },
    what: "WPE has no effect.",
    file: pasid,
    find: "wpe: isSet(entry, contextBits.wpe),",
    replace: "wpe: false,",
  },
  {
    ...{ id: "extended-nxe", worlds, law: "SH1" },
    what: "NXE has no effect: bit 63 stays reserved.",
    file: pasid,
    find: "nxe: isSet(entry, contextBits.nxe),",
    replace: "nxe: false,",
  },
  {
    ...{ id: "extended-smep-for-wpe", worlds, law: "HE2" },
    what: "SMEP is read where WPE is.",
    file: pasid,
    find: "smep: isSet(entry, contextBits.smep),",
    replace: "smep: isSet(entry, contextBits.wpe),",
  },
  {
    ...{ id: "extended-reason-kept", worlds, law: "SH1" },
    what: "An entry that is not present has the reason of scalable mode.",
    file: renamed,
    find: "  [reason.firstStageNotPresent, reason.extendedFirstNotPresent],\n",
    replace: "",
  },
  {
    ...{ id: "extended-fault-tag", worlds, law: "SH1" },
    what: "A PASID entry that was not present is cached under domain-id 0.",
    file: pasid,
    find: "Context => ({\n    ...common,",
    replace: "Context => ({\n    ...{ ...common, did: 0 },",
  },
  {
    ...{ id: "extended-iotlb-of-one", worlds, law: "QU1" },
    what: "An invalidation of all PASIDs is one of PASID 0.",
    file: scope,
    find: `g === names.nonGlobal) return { type, scope: "domain", did };`,
    replace: `g === names.nonGlobal) return { type, scope: "pasid", did, pasid };`,
  },
  {
    ...{ id: "extended-type-of-seven-bits", worlds, law: "QU1" },
    what: "Descriptor types have seven bits.",
    file: "hypervisor/queue/queue.ts",
    find: "ecs ? extendedType(descriptor) : descriptorType(descriptor);",
    replace: "descriptorType(descriptor);",
  },
  {
    ...{ id: "extended-request-size", worlds, law: "PG1" },
    what: "The tail of the page-request queue moves by 32 bytes.",
    file: "hypervisor/page-request/queue-entry.ts",
    find: "profile.ecs ? extendedPageRequestBytes : pageRequestBytes;",
    replace: "profile.ecs ? pageRequestBytes : pageRequestBytes;",
  },
  {
    ...{ id: "extended-request-bus", worlds, law: "PG1" },
    what: "A page request names bus 0.",
    file: "hypervisor/page-request/queue-entry.ts",
    find: "bus: requester >>> 8,",
    replace: "bus: 0,",
  },
  {
    ...{ id: "extended-overflow-in-prs", worlds, law: "FT1" },
    what: "An overflow of page requests is not told in FSTS.",
    file: "projections/fault/faults.ts",
    find: "profile.ecs && hasOverflow(pageRequests);",
    replace: "profile.ecs && profile.ecs !== hasOverflow(pageRequests) && false;",
  },
  {
    ...{ id: "extended-pre-ignored", worlds, law: "PG1" },
    what: "A page request is taken without PRE.",
    file: entries,
    find: "pri: isSet(entry, pre),",
    replace: "pri: true,",
  },
  {
    ...{ id: "extended-eafe", worlds, law: "AD1" },
    what: "EAFE has no effect.",
    file: pasid,
    find: "eafe: isSet(entry, contextBits.eafe),",
    replace: "eafe: false,",
  },
  {
    ...{ id: "extended-domain", worlds, law: "SH1" },
    what: "The lowest bit alone of a domain-id counts.",
    file: entries,
    find: "did: fieldOf(entry, did),",
    replace: "did: fieldOf(entry, did) & 1,",
  },
  {
    ...{ id: "extended-root-of-entry", worlds, law: "SH1" },
    what: "The second stage has one level more than the context entry says.",
    file: entries,
    find: "levels: levelsOfWidth(fieldOf(entry, aw)) as Levels,",
    replace: "levels: Math.min(5, levelsOfWidth(fieldOf(entry, aw)) + 1) as Levels,",
  },
  {
    ...{ id: "extended-table-without-paside", worlds, law: "SH1" },
    what: "Type 100b is taken without PASIDE.",
    file: context,
    find: "const needsPaside = type === guestMode || type === pasidAll || isSet(entry, neste);",
    replace: "const needsPaside = isSet(entry, neste);",
  },
];
