import type { Work } from "../work.ts";
import { decodeDescriptor } from "./descriptor.ts";
import { pasidBits } from "./unit.ts";
import type { ExtendedWork, Range } from "./work.ts";

/** What of a unit bears on its descriptors. */
interface UnitOfQueue {
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly root?: bigint;
}

const pages = ({ address, length }: Range) => ({ iova: address, length });

/** What a descriptor of version 2.x asks for, in the words of the other ones. */
function workOf(work: ExtendedWork): Work {
  switch (work.kind) {
    case "context":
      return { kind: "context", scope: work.scope, did: work.did, sid: work.sid, fm: work.mask };
    case "iotlb":
      return {
        ...pages(work),
        kind: "iotlb",
        scope: work.scope,
        did: work.did,
        leafOnly: work.leafOnly,
      };
    case "deviceTlb":
      return { ...pages(work), kind: "deviceTlb", sid: work.sid };
    case "interruptEntries":
      return work.count === undefined
        ? { kind: "allInterruptEntries" }
        : { kind: "interruptEntries", first: work.first, count: work.count };
    case "wait":
      return work;
    case "extendedIotlb": {
      const { did, pasid, leafOnly } = work;
      const scope = work.scope === "all" || work.scope === "notGlobal" ? "domain" : work.scope;
      return { ...pages(work), kind: "pasidIotlb", scope, did, pasid, leafOnly };
    }
    case "pasidCache":
      return work;
    case "extendedDeviceTlb":
      return { ...pages(work), kind: "pasidDeviceTlb", sid: work.sid, whose: work.pasid };
    case "groupAnswer": {
      const { group, response } = work;
      return { kind: "pageGroup", whose: work.pasid ?? "none", group, response };
    }
    case "streamAnswer":
      return { kind: "nothing" };
  }
}

/** What a descriptor of version 2.x asks for, or the IQEI that refuses it. */
export function extendedWork(low: bigint, high: bigint, state: UnitOfQueue): Work | number {
  const unit = {
    ...{ cap: state.cap, ecap: state.ecap, root: state.root ?? 0n },
    // No descriptor asks how wide the host is.
    ...{ haw: 64, pasidBit: pasidBits.from24, read64: () => undefined, canWrite: () => false },
  };
  const asked = decodeDescriptor(unit, low, high);
  if (typeof asked === "string") return asked === "type" ? 3 : 4;
  return workOf(asked);
}
