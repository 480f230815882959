import { hex, pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import { find } from "../properties/laws/requests.ts";
import type { Answer } from "../properties/oracle/compose.ts";
import type { Observed } from "./sight.ts";

export const pageText = (gpa: bigint): string => `page ${hex(pageOf(gpa))}`;
const faultText = (reason: number): string => `fault ${hex(reason)}`;

/** How a fault that is kept from being recorded is told: some targets do not say which it is. */
export type Suppressed = (reason: number) => string;
/** Its reason is known. */
export const withReason: Suppressed = (reason) => `${faultText(reason)}, suppressed`;
/** Nobody knows it. */
export const withoutReason: Suppressed = () => "blocked";

/** What protected memory keeps away: nothing is reported. */
const keptAway = "blocked without a fault";

/** What one answer of the oracle's looks like from outside. */
export function answerText({ guest }: Answer, suppressed: Suppressed): string {
  if ("fault" in guest) {
    return guest.suppressed ? suppressed(guest.fault) : faultText(guest.fault);
  }
  return "gpa" in guest ? pageText(guest.gpa) : "interrupt";
}

/** What became of a DMA in the model, as it looks from outside. */
export function modelText(
  facts: readonly Fact[],
  now: Answer | undefined,
  suppressed: Suppressed,
): string {
  const translated = find(facts, "DmaTranslated");
  if (translated?.gpa !== undefined) return pageText(translated.gpa);
  const blocked = find(facts, "DmaBlocked");
  if (blocked?.reason !== undefined) {
    const isSilent = find(facts, "FaultSuppressed") !== undefined;
    return isSilent ? suppressed(blocked.reason) : faultText(blocked.reason);
  }
  if (blocked?.host === "hole" && now !== undefined && "gpa" in now.guest) {
    return answerText(now, suppressed);
  }
  if (blocked?.host === "protected") return keptAway;
  return blocked?.host ?? "nothing";
}

/** What became of a DMA in the target. */
export function targetText(
  { translated, fault, suppressed, suppressedReason, isKeptAway }: Observed,
  input: InputOf<"Dma">,
): string {
  if (fault !== undefined) return faultText(fault);
  if (suppressedReason !== undefined) return withReason(suppressedReason);
  if (suppressed) return withoutReason(0);
  if (isKeptAway === true) return keptAway;
  if (translated !== undefined) return pageText(translated);
  // Nothing was translated: the address is used as it is.
  return pageText(input.iova);
}
