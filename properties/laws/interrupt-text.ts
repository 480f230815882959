import type { Fact, FactOf } from "../../events/fact.ts";
import type { Verdict } from "../oracle/interrupt.ts";
import { textOf } from "../oracle/interrupt.ts";

type InterruptResult =
  | FactOf<"InterruptDelivered">
  | FactOf<"InterruptPosted">
  | FactOf<"InterruptBlocked">;

/** The one fact that says what became of a request; `undefined` when there are none or several. */
export function outcomeOf(facts: readonly Fact[]): InterruptResult | undefined {
  const outcomes = facts.filter(({ type }) => /^Interrupt(Delivered|Posted|Blocked)$/.test(type));
  return outcomes.length === 1 ? (outcomes[0] as InterruptResult) : undefined;
}

/** An outcome in the words of a verdict. */
export function outcomeText(fact: InterruptResult | undefined): string {
  if (fact === undefined) return "not one outcome";
  if (fact.type === "InterruptBlocked") return `fault ${fact.reason} ${fact.index ?? "-"}`;
  if (fact.type === "InterruptPosted") {
    return `posted ${fact.index} ${fact.descriptor} ${fact.vector} ${fact.urgent}`;
  }
  const { index, destination, vector, deliveryMode: mode, redirectionHint: hint } = fact;
  const [logical, level] = [fact.destinationMode === "logical", fact.trigger === "level"];
  return textOf({ index, destination, vector, mode, logical, level, hint });
}

/** The same of a verdict. */
export function verdictText(verdict: Verdict): string {
  if (verdict.kind === "delivered") return verdict.text;
  if (verdict.kind === "fault") return `fault ${verdict.reason} ${verdict.index ?? "-"}`;
  return `posted ${verdict.index} ${verdict.descriptor} ${verdict.vector} ${verdict.urgent}`;
}
