import { hex, pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import { find } from "../properties/laws/requests.ts";
import type { Answer } from "../properties/oracle/compose.ts";
import type { Observed } from "./sight.ts";

export const pageText = (gpa: bigint): string => `page ${hex(pageOf(gpa))}`;
const faultText = (reason: number): string => `fault ${hex(reason)}`;

/** What one answer of the oracle's looks like from outside. */
export function answerText({ guest }: Answer): string {
  if ("fault" in guest) return guest.suppressed ? "blocked" : faultText(guest.fault);
  return "gpa" in guest ? pageText(guest.gpa) : "interrupt";
}

/** What became of a DMA in the model, as it looks from outside. */
export function modelText(facts: readonly Fact[], now: Answer | undefined): string {
  const translated = find(facts, "DmaTranslated");
  if (translated?.gpa !== undefined) return pageText(translated.gpa);
  const blocked = find(facts, "DmaBlocked");
  if (blocked?.reason !== undefined) {
    const isSilent = find(facts, "FaultSuppressed") !== undefined;
    return isSilent ? "blocked" : faultText(blocked.reason);
  }
  if (blocked?.host === "hole" && now !== undefined && "gpa" in now.guest) return answerText(now);
  return blocked?.host ?? "nothing";
}

/** What became of a DMA in the target. */
export function targetText(
  { translated, fault, suppressed }: Observed,
  input: InputOf<"Dma">,
): string {
  if (fault !== undefined) return faultText(fault);
  if (suppressed) return "blocked";
  if (translated !== undefined) return pageText(translated);
  // Nothing was translated: the address is used as it is.
  return pageText(input.iova);
}
