import { hex, hpaOfPage, pageOf } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import { reasonText } from "../events/fault/fault-text.ts";
import type { Answer } from "../hypervisor/device/page-answer.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import { frameOf } from "../tables/mapping.ts";
import type { JudgedDma } from "./judged-dma.ts";
import { isReported } from "./reported.ts";
import type { Verdict } from "./verdict.ts";
import { agree, disagree, unjudged } from "./verdict.ts";

/** What one of the ways says, where it is another page than the DMA was translated to. */
function differsFrom(hpa: bigint, name: string, page: number | undefined): Verdict | undefined {
  if (page === pageOf(hpa)) return undefined;
  const where = page === undefined ? "nowhere" : hex(hpaOfPage(page));
  return disagree(`translated to ${hex(hpa)}, but ${name} says ${where}`);
}

/** The host page that an answer leads to. */
const hostPage = (answer: Answer, write: boolean): number | undefined =>
  faultOf(answer, write) === 0 ? frameOf(answer.mapping) : undefined;

/** The host's own limit: whether the tables are as recorded it does not show. */
const refused: Verdict = {
  verdict: "unjudged",
  text: "the host refuses the device by name, as it has no way to do what its tables ask",
};

/** A call for the requester failed: whether the tables are as recorded it does not show. */
const keptOut: Verdict = {
  verdict: "unjudged",
  text: "the host keeps the device out, whatever its tables say",
};

/** Says where the parts of a DMA that must be the same page are not. */
function judgeLanding(dma: JudgedDma, gpa: bigint): Verdict {
  const { translated, blocked, ways, landed, write } = dma;
  if (translated === undefined) {
    const why = blocked === undefined ? "refused" : blockedBy(blocked);
    return disagree(`recorded as landed at ${hex(gpa)}, but blocked by ${why}`);
  }
  const found = translated.gpa;
  if (found === undefined || pageOf(found) !== pageOf(gpa)) {
    return disagree(`recorded as landed at ${hex(gpa)}, but went to ${hex(found ?? 0n)}`);
  }
  if (translated.hpa === undefined || ways === undefined) return agree;
  const { hpa } = translated;
  // What is cached may be older than the tables, until a change is announced.
  const isNow = ways.since === 0;
  return (
    (isNow ? differsFrom(hpa, "composed", hostPage(ways.composed, write)) : undefined) ??
    differsFrom(hpa, "shadow", hostPage(ways.host, write)) ??
    differsFrom(hpa, "landed", landed?.hpa === undefined ? undefined : pageOf(landed.hpa)) ??
    agree
  );
}

/** What a DMA came to that did not land, in a word. */
function blockedBy({ reason, host }: Pick<FactOf<"DmaBlocked">, "reason" | "host">): string {
  if (reason !== undefined) return reasonText(reason);
  return host ?? "none";
}

function judgeFault(dma: JudgedDma, facts: readonly Fact[], reason: number): Verdict {
  const { blocked, translated, input, requester } = dma;
  const recorded = `recorded as fault ${reasonText(reason)}`;
  if (blocked === undefined) {
    const where = translated?.gpa === undefined ? "" : `, but went to ${hex(translated.gpa)}`;
    return disagree(`${recorded}${where}`);
  }
  if (blocked.reason !== reason)
    return disagree(`${recorded}, but blocked by ${blockedBy(blocked)}`);
  const { iova, access } = input;
  if (isReported(facts, { reason, source: requester, iova, access })) return agree;
  return disagree(`fault ${reasonText(reason)} was not reported as recorded`);
}

/** Compares a DMA with what was recorded beside it. */
export function judgeDma(dma: JudgedDma, facts: readonly Fact[]): Verdict {
  const { gpa, reason } = dma.input.observed ?? {};
  if (gpa === undefined && reason === undefined) return unjudged;
  if (dma.blocked?.host === "refused") return refused;
  if (dma.blocked?.host === "keptOut") return keptOut;
  return gpa === undefined ? judgeFault(dma, facts, reason ?? 0) : judgeLanding(dma, gpa);
}
