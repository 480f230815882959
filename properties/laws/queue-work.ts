import type { Fact, FactOf } from "../../events/fact.ts";

function deviceTlbWork(fact: FactOf<"DeviceTlbInvalidated">): unknown {
  const { device: sid, iova, length, pasid, global } = fact;
  if (pasid === undefined && global !== true) return { kind: "deviceTlb", sid, iova, length };
  return { kind: "pasidDeviceTlb", sid, whose: pasid ?? "all", iova, length };
}

/** A fact in the words of the oracle's work, or nothing when it is not the work of a descriptor. */
export function workOf(fact: Fact): unknown {
  switch (fact.type) {
    case "ContextInvalidated": {
      const { scope, did = 0, source = 0, mask = 0 } = fact;
      return { kind: "context", scope, did, sid: source, fm: mask };
    }
    case "IotlbInvalidated": {
      const { scope, did = 0, iova = 0n, length = 0n, leafOnly = false } = fact;
      return { kind: "iotlb", scope, did, iova, length, leafOnly };
    }
    case "PasidCacheInvalidated": {
      const { scope, did = 0, pasid = 0 } = fact;
      return { kind: "pasidCache", scope, did, pasid };
    }
    case "PasidIotlbInvalidated": {
      const { scope, did, pasid = 0, iova = 0n, length = 0n, leafOnly = false } = fact;
      return { kind: "pasidIotlb", scope, did, pasid, iova, length, leafOnly };
    }
    case "DeviceTlbInvalidated":
      return deviceTlbWork(fact);
    case "PageGroupAnswered": {
      const { pasid: whose = "none", group, response } = fact;
      return fact.automatic === true ? undefined : { kind: "pageGroup", whose, group, response };
    }
    case "InterruptEntriesInvalidated":
      return fact.first === undefined
        ? { kind: "allInterruptEntries" }
        : { kind: "interruptEntries", first: fact.first, count: fact.count };
    default:
      return undefined;
  }
}
