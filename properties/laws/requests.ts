import { hex, pageOf } from "../../events/address.ts";
import type { Fact, FactOf, FactType } from "../../events/fact.ts";
import type { Access } from "../../events/input.ts";
import { faultStatus } from "../../projections/faults.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Step } from "../../projections/step.ts";
import type { Answer } from "../oracle/compose.ts";
import type { FaultState } from "../oracle/faults.ts";
import { expectedFault } from "../oracle/faults.ts";
import type { Violation } from "../verdict.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { isRequest, sightOf } from "./probes.ts";
import { senderOf } from "./shadow.ts";

export function find<T extends FactType>(facts: readonly Fact[], type: T): FactOf<T> | undefined {
  return facts.find((fact) => fact.type === type) as FactOf<T> | undefined;
}

/** What became of a request, in the words of the oracle; `undefined` when the host refused it. */
function outcomeOf(facts: readonly Fact[]): { text: string; access: Access } | undefined {
  const translated = find(facts, "DmaTranslated");
  if (translated !== undefined) {
    const { gpa, hpa, access } = translated;
    return { text: `${hex(pageOf(gpa ?? 0n))} at ${hex(pageOf(hpa ?? 0n))}`, access };
  }
  const blocked = find(facts, "DmaBlocked");
  if (blocked === undefined) return undefined;
  const { reason, host, access } = blocked;
  if (reason !== undefined) return { text: `fault ${hex(reason)}`, access };
  return host === "hole" ? { text: "hole", access } : undefined;
}

/** The same of what the oracle expects. */
function textOf({ guest, composed }: Answer): string {
  if ("interrupt" in composed) return "interrupt";
  if ("hole" in composed) return "hole";
  if ("fault" in composed) return `fault ${hex(composed.fault)}`;
  const gfn = "gpa" in guest ? pageOf(guest.gpa) : 0;
  return `${hex(gfn)} at ${hex(pageOf(composed.hpa))}`;
}

function checkRequest(step: Step, probe: Probe): Violation | undefined {
  const { expected, key } = probe;
  const outcome = outcomeOf(step.facts);
  if (outcome === undefined) return undefined;
  const { text: found, access } = outcome;
  // The IOTLB may hold what an accessed or dirty bit that is clear by now had been set for.
  const many = expected.pending || expected.first !== undefined;
  const allowed = many
    ? expected.candidates.map((each) => textOf(each[access]))
    : [textOf(expected[access])];
  if (many && !expected.complete) return undefined;
  if (allowed.includes(found)) return undefined;
  const who = `${access} by ${senderOf(key)} of page ${hex(key.page)}`;
  const law = expected.pending ? "SH2" : found.startsWith("fault") ? "FA1" : "SH1";
  return { law, seq: step.seq, text: `${who}: ${found}, not ${allowed.join(" or ")}` };
}

export const requestsAreAnswered: Law = {
  id: "DM1",
  says:
    "A DMA lands where the guest's tables and the P2M say, or faults as they say, or did at " +
    "some time since the covering invalidation.",
  sometimes: ["landed", "faulted", "hole", "while pending", "stale but allowed"],
  check(run, count) {
    const { asked } = sightOf(run);
    for (const step of run.steps) {
      const probe = asked.get(step.seq);
      if (probe === undefined) continue;
      const outcome = outcomeOf(step.facts);
      if (outcome === undefined) continue;
      const kind = outcome.text.split(" ")[0];
      count(kind === "fault" ? "faulted" : kind === "hole" ? "hole" : "landed");
      if (probe.expected.pending) count("while pending");
      if (textOf(probe.expected[outcome.access]) !== outcome.text) count("stale but allowed");
      const violation = checkRequest(step, probe);
      if (violation !== undefined) return { ...violation, law: "DM1" };
    }
    return undefined;
  },
};

/** The fault records as the oracle's rule takes them. */
export const faultStateOf = ({ faults }: Guest): FaultState => ({
  slots: faults.records.map((record) => ({
    pending: record !== undefined,
    sid: record?.source ?? 0,
  })),
  fsts: Number(faultStatus(faults)),
  next: faults.next,
});

/** FSTS without what may differ: FRI counts only while some record is pending. */
export const comparableStatus = (fsts: number): number => ((fsts & 2) === 0 ? fsts & 0xff : fsts);

/** The fact that says what became of a fault. */
export const factOfKind = {
  suppressed: "FaultSuppressed",
  dropped: "FaultDropped",
  collapsed: "FaultCollapsed",
  overflowed: "FaultOverflowed",
  recorded: "FaultRecorded",
} as const;

/** Checks the report of one fault against the rule of fault recording. */
function checkReport(
  step: Step,
  blocked: FactOf<"DmaBlocked">,
  sid: number,
  fpd: boolean,
  count: (name: string) => void,
): string | undefined {
  const index = blocked.guest ?? 0;
  const [before, after] = [step.before.guests[index], step.after.guests[index]];
  if (before === undefined || after === undefined || blocked.reason === undefined) return undefined;
  const state = faultStateOf(before);
  const wanted = expectedFault(state, { sid, reason: blocked.reason, fpd });
  count(wanted.kind);
  if (find(step.facts, factOfKind[wanted.kind]) === undefined) {
    return `the fault was not ${wanted.kind}`;
  }
  const fact = find(step.facts, "FaultRecorded");
  if (fact !== undefined) {
    const same =
      fact.index === state.next &&
      fact.source === sid &&
      fact.reason === blocked.reason &&
      pageOf(fact.page) === pageOf(blocked.iova) &&
      fact.access === blocked.access &&
      fact.pasid === blocked.pasid &&
      fact.privileged === blocked.privileged &&
      fact.execute === blocked.execute;
    if (!same) return "the record does not say what happened";
  }
  if (after.faults.next !== wanted.state.next) return "the next fault takes the wrong record";
  const status = Number(faultStatus(after.faults));
  if (comparableStatus(status) !== comparableStatus(wanted.state.fsts)) {
    return `FSTS is ${hex(status)}, not ${hex(wanted.state.fsts)}`;
  }
  const told = step.facts.some(
    (each) => (each.type === "EventSent" || each.type === "EventPended") && each.line === "fault",
  );
  if (told !== wanted.event) return told ? "an event too many" : "an event is missing";
  return undefined;
}

/**
 * Whether FPD governs a request: as the oracle's answer, or one of its answers, says. Nothing where
 * it cannot know all of them, since it began to watch the page too late.
 */
function suppressions(probe: Probe, access: Access, reason: number): readonly boolean[] {
  const { expected } = probe;
  const many = expected.pending || expected.first !== undefined;
  if (many && !expected.complete) return [];
  const answers = many ? expected.candidates : [expected];
  return answers.flatMap((each) => {
    const { composed } = each[access];
    return "fault" in composed && composed.fault === reason ? [composed.suppressed] : [];
  });
}

export const faultsAreReported: Law = {
  id: "FA1",
  says:
    "A fault is recorded, collapsed, dropped or suppressed as the rules of fault recording " +
    "say.",
  sometimes: ["recorded", "collapsed", "dropped", "suppressed", "overflowed"],
  check(run, count) {
    const { asked } = sightOf(run);
    for (const step of run.steps) {
      const blocked = find(step.facts, "DmaBlocked");
      const probe = asked.get(step.seq);
      if (blocked?.reason === undefined || probe === undefined || !isRequest(step.input)) continue;
      const choices = suppressions(probe, blocked.access, blocked.reason);
      if (choices.length === 0) continue;
      const { sid } = probe.key;
      const texts = [...new Set(choices)].map((fpd) => checkReport(step, blocked, sid, fpd, count));
      if (texts.includes(undefined)) continue;
      return { law: "FA1", seq: step.seq, text: texts[0] ?? "" };
    }
    return undefined;
  },
};

export const holesAreSilent: Law = {
  id: "FA2",
  says:
    "A hole of the P2M is the host's affair: the DMA does not land and the guest sees no " +
    "fault.",
  sometimes: ["hole"],
  check(run, count) {
    for (const { facts, seq } of run.steps) {
      if (find(facts, "DmaBlocked")?.host !== "hole") continue;
      count("hole");
      const loud = facts.find(({ type }) => /^(Fault|Event|DmaLanded)/.test(type));
      if (loud !== undefined) {
        return { law: "FA2", seq, text: `a hole of the P2M leads to ${loud.type}` };
      }
    }
    return undefined;
  },
};
