import type { SourceId } from "../events/address.ts";
import { pageOf } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import type { Step } from "./step.ts";

/** One page of one device. */
export interface UsedPage {
  readonly guest: number;
  readonly device: SourceId;
  /** IOVA page number. */
  readonly page: number;
  /** Of the requests that are meant; `undefined` for those without. */
  readonly pasid: number | undefined;
}

/** A fact about the page in the shadow, or about the device's host entry. */
export interface PlaceFact {
  readonly seq: number;
  readonly cause: number;
  readonly fact: Fact;
}

/** A write to the interrupt range: the request that it is, and what became of it. */
export interface UsedInterrupt {
  readonly address: bigint;
  readonly outcome:
    | FactOf<"InterruptDelivered">
    | FactOf<"InterruptPosted">
    | FactOf<"InterruptBlocked">
    | undefined;
}

/** A DMA that used the page. */
export interface Use {
  readonly seq: number;
  readonly access: "read" | "write" | undefined;
  readonly privileged: boolean;
  readonly execute: boolean;
  readonly landed: FactOf<"DmaTranslated"> | undefined;
  readonly blocked: FactOf<"DmaBlocked"> | undefined;
  /** It was an interrupt request: the page was not used. */
  readonly interrupt: UsedInterrupt | undefined;
  /** What became of the fault: the fact that recorded it, or kept it from being recorded. */
  readonly report: PlaceFact | undefined;
}

/** Uses of the page since its shadow last changed. */
export interface Uses {
  readonly landed: number;
  readonly blocked: number;
  readonly first: Use | undefined;
  readonly last: Use | undefined;
}

export const noUses: Uses = { landed: 0, blocked: 0, first: undefined, last: undefined };

function interruptIn(facts: readonly Fact[]): UsedInterrupt | undefined {
  const at = facts.findIndex((fact) => fact.type === "InterruptRequested");
  const asked = facts[at];
  if (asked?.type !== "InterruptRequested") return undefined;
  const outcome = facts
    .slice(at)
    .find(
      (fact) =>
        fact.type === "InterruptDelivered" ||
        fact.type === "InterruptPosted" ||
        fact.type === "InterruptBlocked",
    );
  return { address: asked.address, outcome };
}

/** The DMA to the page that a step is, if it is one. */
export function useIn(place: UsedPage, step: Step): Use | undefined {
  const { input, facts, seq } = step;
  if (input.type !== "Dma" && input.type !== "DmaIssue") return undefined;
  const request: InputOf<"Dma"> | InputOf<"DmaIssue"> = input;
  const samePlace = request.device === place.device && (request.guest ?? 0) === place.guest;
  if (!samePlace || pageOf(request.iova) !== place.page) return undefined;
  if (request.pasid !== place.pasid) return undefined;
  const landed = facts.find((fact) => fact.type === "DmaTranslated");
  const blocked = facts.find((fact) => fact.type === "DmaBlocked");
  const reported = facts.findIndex((fact) => /^Fault(Rec|Col|Sup|Dro)/.test(fact.type));
  const fact = facts[reported];
  const report = fact && { seq: seq + 1 + reported, cause: seq, fact };
  const interrupt = interruptIn(facts);
  const told = interrupt === undefined ? request.access : "write";
  const access = landed?.access ?? blocked?.access ?? told;
  const rights = { privileged: request.privileged === true, execute: request.execute === true };
  return { seq, access, ...rights, landed, blocked, interrupt, report };
}

/** The uses with one more. */
export function withUse(uses: Uses, use: Use): Uses {
  return {
    landed: uses.landed + (use.landed === undefined ? 0 : 1),
    blocked: uses.blocked + (use.blocked === undefined ? 0 : 1),
    first: uses.first ?? use,
    last: use,
  };
}
