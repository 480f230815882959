import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Access } from "../events/input.ts";

/** A fault as the guest is told of it. */
export interface Reported {
  readonly reason: number;
  /** The source-id that the request carried. */
  readonly source: number;
  readonly iova: bigint;
  /** Whichever it was, when missing. */
  readonly access: Access | undefined;
}

/** Whether a fact records a fault for the guest, or tells why the guest is not told. */
function isReport(fact: Fact, { reason, source, iova, access }: Reported): boolean {
  switch (fact.type) {
    case "FaultRecorded": {
      const samePage = pageOf(fact.page) === pageOf(iova);
      const sameAccess = access === undefined || fact.access === access;
      return fact.reason === reason && fact.source === source && samePage && sameAccess;
    }
    case "FaultCollapsed":
    case "FaultSuppressed":
    case "FaultDropped":
      return fact.reason === reason && fact.source === source;
    default:
      return false;
  }
}

/** Whether the guest was told of a fault, or was not for a reason that a rule gives. */
export const isReported = (facts: readonly Fact[], fault: Reported): boolean =>
  facts.some((fact) => isReport(fact, fault));
