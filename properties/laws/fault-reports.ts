import { hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Access } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { FaultState } from "../oracle/faults.ts";
import { expectedFault } from "../oracle/faults.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";
import { isRequest } from "./request-keys.ts";
import { find } from "./requests.ts";

/** The fault records as the oracle's rule takes them. */
export const faultStateOf = (guest: Guest): FaultState => ({
  slots: guest.faults.records.map((record) => ({
    pending: record !== undefined,
    sid: record?.source ?? 0,
  })),
  fsts: Number(readBytes(guest, 0x34, 4)),
  next: guest.faults.next,
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
  const told = find(step.facts, factOfKind[wanted.kind]);
  if (told === undefined) return `the fault was not ${wanted.kind}`;
  if ("source" in told && (told.source !== sid || told.reason !== blocked.reason)) {
    return `another fault was ${wanted.kind}`;
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
  const status = Number(readBytes(after, 0x34, 4));
  if (comparableStatus(status) !== comparableStatus(wanted.state.fsts)) {
    return `FSTS is ${hex(status)}, not ${hex(wanted.state.fsts)}`;
  }
  const isTold = step.facts.some(
    (each) => (each.type === "EventSent" || each.type === "EventPended") && each.line === "fault",
  );
  if (isTold !== wanted.event) return isTold ? "an event too many" : "an event is missing";
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
    "The fault of a DMA is recorded, collapsed, dropped or suppressed as the rules of fault " +
    "recording say, and its record says what happened.",
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
