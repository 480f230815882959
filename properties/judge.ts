import { formatSourceId, hex, hpaOfPage, pageOf } from "../events/address.ts";
import type { Fact, FactOf, FactType } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import type { Answer } from "../hypervisor/device/page-answer.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import type { Ways } from "../hypervisor/translate/page-views.ts";
import { waysOf } from "../hypervisor/translate/page-views.ts";
import { frameOf, hasFrame } from "../tables/mapping.ts";
import { ownerGuest, ownerPage, readable, writable } from "../tables/p2m.ts";
import { get } from "../tables/page-tree.ts";
import { judgeInterrupt } from "./judge-interrupt.ts";
import type { Verdict, Violation } from "./verdict.ts";
import { agree, disagree } from "./verdict.ts";

/** A DMA that the fold has taken in, and what the walks say about it. */
interface JudgedDma {
  readonly guest: number;
  readonly input: InputOf<"Dma">;
  /** The source-id that the request carried. */
  readonly requester: number;
  readonly translated: FactOf<"DmaTranslated"> | undefined;
  readonly landed: FactOf<"DmaLanded"> | undefined;
  readonly blocked: FactOf<"DmaBlocked"> | undefined;
  /** All ways in the state before the DMA; `undefined` for one that no table translates. */
  readonly ways: Ways | undefined;
  readonly write: boolean;
}

function find<T extends FactType>(facts: readonly Fact[], type: T): FactOf<T> | undefined {
  return facts.find((fact) => fact.type === type) as FactOf<T> | undefined;
}

const askedBy = (input: InputOf<"Dma">, write: boolean) => ({
  ...askOf(input, write),
  pasid: input.pasid,
});

/** Looks at a step again that took in a DMA; `undefined` for any other. */
function lookAt(step: Step): JudgedDma | undefined {
  const { input, facts, before } = step;
  if (input.type !== "Dma") return undefined;
  const guest = input.guest ?? 0;
  const translated = find(facts, "DmaTranslated");
  const blocked = find(facts, "DmaBlocked");
  const landed = find(facts, "DmaLanded");
  const access = translated?.access ?? blocked?.access;
  const state = before.guests[guest];
  const write = access === "write";
  const page = pageOf(input.iova);
  // What a device's own TLB translated no table has to agree with.
  const known = state !== undefined && access !== undefined && input.translated !== true;
  const ways = known ? waysOf(state, input.device, page, askedBy(input, write)) : undefined;
  const requester = state?.devices[input.device]?.requester ?? input.device;
  return { guest, input, requester, translated, landed, blocked, ways, write };
}

/** What one of the ways says, where it is another page than the DMA was translated to. */
function differsFrom(hpa: bigint, name: string, page: number | undefined): Verdict | undefined {
  if (page === pageOf(hpa)) return undefined;
  const where = page === undefined ? "nowhere" : hex(hpaOfPage(page));
  return disagree(`translated to ${hex(hpa)}, but ${name} says ${where}`);
}

/** The host page that an answer leads to. */
const hostPage = (answer: Answer, write: boolean): number | undefined =>
  faultOf(answer, write) === 0 ? frameOf(answer.mapping) : undefined;

/** Says where the parts of a DMA that must be the same page are not. */
function judgeLanding(dma: JudgedDma, gpa: bigint): Verdict {
  const { translated, blocked, ways, landed, write } = dma;
  if (translated === undefined) {
    const why = blocked?.reason ?? blocked?.host ?? "refused";
    return disagree(`recorded as landed at ${hex(gpa)}, but blocked: ${why.toString()}`);
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

/** The fact that reports a fault to the guest, or tells why the guest is not told. */
function isReport(fact: Fact, dma: JudgedDma, reason: number): boolean {
  switch (fact.type) {
    case "FaultRecorded": {
      const { source, page, access } = fact;
      const request = dma.input;
      const samePage = pageOf(page) === pageOf(request.iova);
      const sameAccess = request.access === undefined || access === request.access;
      return fact.reason === reason && source === dma.requester && samePage && sameAccess;
    }
    case "FaultCollapsed":
    case "FaultSuppressed":
    case "FaultDropped":
      return fact.reason === reason && fact.source === dma.requester;
    default:
      return false;
  }
}

function judgeFault(dma: JudgedDma, facts: readonly Fact[], reason: number): Verdict {
  const { blocked, translated } = dma;
  if (blocked === undefined) {
    const where = translated?.gpa === undefined ? "" : `, but went to ${hex(translated.gpa)}`;
    return disagree(`recorded as fault ${reason.toString()}${where}`);
  }
  if (blocked.reason !== reason) {
    const found = (blocked.reason ?? blocked.host ?? "none").toString();
    return disagree(`recorded as fault ${reason.toString()}, but blocked by ${found}`);
  }
  if (facts.some((fact) => isReport(fact, dma, reason))) return agree;
  return disagree(`fault ${reason.toString()} was not reported as recorded`);
}

/** The address that a message names. */
const nameOf = (input: InputOf<"Dma">): string =>
  `${formatSourceId(input.device)} at ${hex(input.iova)}`;

/** SH1, IS1, FA1 and FA2 of one DMA. */
function violationsOf(dma: JudgedDma, step: Step): Violation[] {
  const { ways, landed, blocked, input, guest, write } = dma;
  const found: Violation[] = [];
  const report = (law: string, text: string): void => {
    found.push({ law, seq: step.seq, text: `${nameOf(input)}: ${text}` });
  };
  if (ways !== undefined && ways.since === 0 && !ways.agree) {
    report("SH1", "nothing is pending, and shadow and composed walk differ");
  }
  const p2m = step.before.guests[guest]?.p2m;
  if (landed?.hpa !== undefined && p2m !== undefined) {
    const owner = get(step.before.owners, pageOf(landed.hpa));
    const allowed = landed.access === "read" ? readable : writable;
    const owned = hasFrame(owner) && ownerGuest(owner) === guest;
    if (!owned || !allowed(p2m, ownerPage(owner))) {
      report("IS1", `reached host page ${hex(landed.hpa)}, which the P2M does not grant`);
    }
  }
  if (blocked?.reason !== undefined && ways !== undefined && ways.since === 0) {
    if (faultOf(ways.walked, write) !== blocked.reason)
      report("FA1", "blocked for a reason that no guest table gives");
  }
  if (blocked?.host === "hole" && step.facts.some((fact) => fact.type === "FaultRecorded")) {
    report("FA2", "a hole of the host's was reported to the guest");
  }
  return found;
}

/** What one step is compared with, the result, and the laws that it breaks. */
export interface Judged {
  readonly kind: "dma" | "faults" | "interrupts" | undefined;
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
}

const unjudged: Verdict = { verdict: "unjudged", text: "nothing was recorded beside it" };
const nothing: Judged = { kind: undefined, verdict: unjudged, violations: [] };

/**
 * Compares a step with what was recorded beside its input, and checks the laws that a DMA alone
 * can show.
 *
 * A DMA that landed agrees when it reached the recorded guest page, and the shadow, the host page
 * reached and, where nothing is pending, the composed walk are the same; one that faulted when it
 * was blocked for the recorded reason and reported with that reason, source-id and page, or kept
 * from being reported by a rule. An interrupt agrees when the message that was delivered is the
 * recorded one.
 */
export function judge(step: Step): Judged {
  if (step.input.type === "MsiRequest") {
    return { kind: "interrupts", verdict: judgeInterrupt(step.input, step), violations: [] };
  }
  const dma = lookAt(step);
  if (dma === undefined) return nothing;
  const violations = violationsOf(dma, step);
  const { gpa, reason } = dma.input.observed ?? {};
  if (gpa !== undefined) return { kind: "dma", verdict: judgeLanding(dma, gpa), violations };
  if (reason === undefined) {
    const kind = dma.blocked === undefined ? "dma" : "faults";
    return { kind, verdict: unjudged, violations };
  }
  return { kind: "faults", verdict: judgeFault(dma, step.facts, reason), violations };
}
