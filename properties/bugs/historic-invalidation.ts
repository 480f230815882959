import type { HistoricBug } from "./historic.ts";

const scope = "events/queue/descriptor-scope.ts";
const coverage = "projections/queue/evolve-queue.ts";
const shadows = "projections/shadow/evolve-shadow.ts";
const invalidate = "hypervisor/queue/carry-out-invalidation.ts";

/** Mistakes of real implementations about what an invalidation covers. */
export const historicInvalidationBugs: readonly HistoricBug[] = [
  {
    id: "mask-of-eight-bits",
    what: "An address mask of 8 and more loses its upper bits.",
    reference: "QEMU d7258f7a25",
    rule: "AM has 6 bits; an invalidation covers 2^AM pages, up to CAP.MAMV.",
    kind: "decoding",
    file: scope,
    find: "const { iova, length } = pagesAround(addr, am);",
    replace: "const { iova, length } = pagesAround(addr, am & 7);",
    law: "QU1",
  },
  {
    id: "device-range-halved",
    what: "A device-TLB invalidation of several pages covers half of them.",
    reference: "Xen fd33987ba2, QEMU (AMD IOMMU) 5d31e1e59a",
    rule: "With S set, the lowest 0 bit of the page number and all bits below it do not count.",
    kind: "decoding",
    file: scope,
    find: "const told = s ? (ones + 1n) * 2n * 4096n : 4096n;",
    replace: "const told = s ? (ones + 1n) * 4096n : 4096n;",
    law: "QU1",
  },
  {
    id: "device-at-other-place",
    what: "The device of a PASID-based device-TLB invalidation is read at another type's place.",
    reference: "QEMU (AMD IOMMU) c63b8d1425",
    rule: "The source-id is in bits 31:16 there, and in bits 47:32 without PASID.",
    kind: "decoding",
    file: scope,
    find: "const { sid, s, addr, pasid, g } = PasidDeviceTlbDescriptor.decode(descriptor);",
    replace:
      "const { s, addr, pasid, g } = PasidDeviceTlbDescriptor.decode(descriptor);\n" +
      "  const sid = Number((descriptor >> 32n) & 0xffffn);",
    law: "QU1",
  },
  {
    id: "address-zero-is-none",
    what: "An invalidation of pages from address 0 on covers none.",
    reference: "Xen 710942e57f",
    rule: "Address 0 is an address like any other.",
    kind: "scope",
    file: coverage,
    find: "pagesFrom(scope.iova ?? 0n, scope.length ?? 0n);",
    replace: "pagesFrom(scope.iova ?? 0n, scope.iova === 0n ? 0n : (scope.length ?? 0n));",
    law: "SH1",
  },
  {
    id: "function-mask-inverted",
    what: "Of a context invalidation with a mask only the masked function bits are compared.",
    reference: "QEMU 6cb99acc28",
    rule: "FM names the bits of the function number that are left out.",
    kind: "scope",
    file: coverage,
    find: "const mask = functionMasks[scope.mask ?? 0] as number;",
    replace: "const mask = 0xffff ^ (functionMasks[scope.mask ?? 0] as number);",
    law: "SH1",
  },
  {
    id: "device-models-untold",
    what: "Device models keep what they were told when a whole domain is invalidated.",
    reference: "QEMU 3e090e3489",
    rule: "Whatever caches translations hears of every invalidation that covers them.",
    kind: "staleness",
    file: shadows,
    find: "if (covered === undefined) return cache;",
    replace: `if (covered === undefined || fact.scope !== "page") return cache;`,
    law: "IV2",
  },
  {
    id: "device-models-and-pasids",
    what: "Device models keep what they were told when a PASID's translations are invalidated.",
    reference: "QEMU 1ab93575bd",
    rule: "Whatever caches translations hears of every invalidation that covers them.",
    kind: "staleness",
    file: "projections/first-stage/evolve-first-stage.ts",
    find: "if (covered === undefined) continue;",
    replace: "if (covered === undefined || space.virtual) continue;",
    law: "IV6",
  },
  {
    id: "nested-left-cached",
    what: "An invalidation of a second stage leaves what nested translation has cached over it.",
    reference: "Linux 04b1b069f151",
    rule: "An IOTLB invalidation of a domain drops its first-stage and nested entries as well.",
    kind: "staleness",
    file: shadows,
    find: "if (coversFirstStages(fact, space.did))",
    replace: "if (space.second === undefined && coversFirstStages(fact, space.did))",
    law: "IV6",
  },
  {
    id: "context-without-pasids",
    what: "A context invalidation leaves what was read through that context for a PASID.",
    reference: "RISC-V IOMMU reference model 6bbf921, QEMU cfb5139b1d",
    rule: "What depends on a context entry goes with it.",
    kind: "staleness",
    file: invalidate,
    find: "hostsWhere(guestIn(turn).hosts, (entry) => coversContext(fact, entry, ecs));",
    replace:
      "hostsWhere(guestIn(turn).hosts, " +
      "(entry) => entry.pasid === undefined && coversContext(fact, entry, ecs));",
    law: "SH1",
  },
  {
    id: "plain-requests-switched-late",
    what: "A PASID-cache invalidation does not switch the requests without PASID.",
    reference: "QEMU c9cf33075a",
    rule: "In scalable mode requests without PASID follow the PASID entry of RID_PASID.",
    kind: "staleness",
    file: invalidate,
    find: "refreshHosts(turn, [...covered.map(keyOf), ...fresh]);",
    replace:
      "const later = covered.filter(({ pasid }) => pasid !== undefined);\n" +
      "  refreshHosts(turn, [...later.map(keyOf), ...fresh]);",
    law: "SH1",
  },
  {
    id: "cleared-context-kept",
    what: "A device whose context entry was cleared goes on through its old shadow.",
    reference: "QEMU c28b535d08",
    rule: "A context entry that is not present unmaps everything; that is no error.",
    kind: "staleness",
    file: "hypervisor/host/attach.ts",
    find: "if (sameEntry(old, entry)) return false;",
    replace:
      "if (sameEntry(old, entry) || (old?.shadow !== undefined && entry.reason === 2)) " +
      "return false;",
    law: "SH1",
  },
];
