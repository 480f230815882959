import { hex } from "../../events/address.ts";
import type { Step } from "../../history/step.ts";
import { expectedFault } from "../oracle/faults.ts";
import type { Verdict } from "../oracle/interrupt.ts";
import { expectedPost, notificationOf } from "../oracle/interrupt.ts";
import type { Violation } from "../verdict.ts";
import { factOfKind, faultStateOf } from "./fault-reports.ts";
import type { Asked } from "./interrupt-sight.ts";
import { outcomeOf, outcomeText, verdictText } from "./interrupt-text.ts";
import type { Count, Law } from "./law.ts";
import { sightOf } from "./probes.ts";
import { find } from "./requests.ts";
import type { Run } from "./run.ts";

const interruptsOf = (run: Run): readonly Asked[] => sightOf(run).interrupts;

const isFault = (verdict: Verdict): verdict is Verdict & { kind: "fault" } =>
  verdict.kind === "fault";

const reasons = ["20", "21", "22", "23", "24", "25", "26", "27", "28"] as const;

export const interruptsFollowTheTable: Law = {
  id: "IR1",
  says:
    "An interrupt is delivered, posted or blocked as the guest's entry says after validation, or " +
    "said at some time since the last invalidation that covers it.",
  sometimes: ["remapped", "posted", "not remapped", ...reasons.map((code) => `fault ${code}h`)],
  check(run, count) {
    for (const { step, allowed } of interruptsOf(run)) {
      const outcome = outcomeOf(step.facts);
      const found = outcomeText(outcome);
      if (outcome?.type === "InterruptBlocked") count(`fault ${outcome.reason.toString(16)}h`);
      else if (outcome?.type === "InterruptPosted") count("posted");
      else count(outcome?.index === undefined ? "not remapped" : "remapped");
      const texts = [...new Set(allowed.map(verdictText))];
      if (texts.includes(found)) continue;
      return { law: "IR1", seq: step.seq, text: `${found}, not ${texts.join(" or ")}` };
    }
    return undefined;
  },
};

export const entriesAreRemembered: Law = {
  id: "IR2",
  says:
    "An interrupt entry that was used stays in use until an invalidation covers its index, and " +
    "no longer.",
  sometimes: ["stale", "as memory has it"],
  check(run, count) {
    for (const { step, expected, fresh } of interruptsOf(run)) {
      const wanted = verdictText(expected);
      count(wanted === verdictText(fresh) ? "as memory has it" : "stale");
      const found = outcomeText(outcomeOf(step.facts));
      if (found === wanted) continue;
      return { law: "IR2", seq: step.seq, text: `${found}, not ${wanted}` };
    }
    return undefined;
  },
};

const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);

/** Why a posted interrupt is not as its descriptor asks, or nothing. */
function checkPost({ step, expected, descriptor, unit }: Asked, count: Count): string | undefined {
  if (expected.kind !== "posted" || descriptor === undefined) return undefined;
  const wanted = expectedPost(descriptor, expected.vector, expected.urgent);
  if (wanted === undefined) return undefined;
  count(wanted.notifies ? "notified" : "quiet");
  if (wanted.notifies && ((descriptor >> 257n) & 1n) === 1n) count("urgent");
  const written = step.facts.filter((fact) => fact.type === "MemoryWritten");
  const [one] = written;
  if (one === undefined || written.length !== 1) return "the descriptor is not updated once";
  if (one.gpa !== expected.descriptor || numberOf(one.bytes) !== wanted.after) {
    return `the descriptor becomes ${hex(numberOf(one.bytes))}, not ${hex(wanted.after)}`;
  }
  const sent = find(step.facts, "NotificationSent");
  if ((sent !== undefined) !== wanted.notifies) return "a notification too many or too few";
  const { destination, vector } = notificationOf(unit, descriptor);
  if (sent === undefined) return undefined;
  const same = sent.destination === destination && sent.vector === vector;
  return same ? undefined : "the notification is not the descriptor's";
}

export const postsAreWhole: Law = {
  id: "IR3",
  says:
    "A posted interrupt changes its bit, and ON where it notifies, of what the CPU wrote last, " +
    "in one write of 64 bytes.",
  sometimes: ["notified", "quiet", "urgent"],
  check(run, count) {
    for (const asked of interruptsOf(run)) {
      const text = checkPost(asked, count);
      if (text !== undefined) return { law: "IR3", seq: asked.step.seq, text };
    }
    return undefined;
  },
};

/** FPD suppresses the faults that arise once an entry has been read. */
const isQualified = (reason: number): boolean => [0x22, 0x24, 0x26, 0x27, 0x28].includes(reason);

/** Why a blocked interrupt is not reported as the rules of fault recording say, or nothing. */
function checkReport({ step, guest, sid, expected }: Asked, count: Count): string | undefined {
  const before = step.before.guests[guest];
  if (before === undefined || !isFault(expected)) return undefined;
  const { reason, index = 0 } = expected;
  const fpd = expected.fpd && isQualified(reason);
  const wanted = expectedFault(faultStateOf(before), { sid: sid ?? 0, reason, fpd });
  count(wanted.kind);
  if (find(step.facts, factOfKind[wanted.kind]) === undefined) {
    return `the fault was not ${wanted.kind}`;
  }
  const fact = find(step.facts, "FaultRecorded");
  if (fact === undefined) return undefined;
  const same =
    fact.source === (sid ?? 0) && fact.reason === reason && fact.page === BigInt(index) << 48n;
  return same ? undefined : "the record does not say what happened";
}

const silent = (step: Step): boolean => !step.facts.some(({ type }) => /^Fault/.test(type));

export const blockedInterruptsAreReported: Law = {
  id: "IR4",
  says:
    "A blocked interrupt is reported with its index by the rules of fault recording, and one " +
    "that is not blocked is not.",
  sometimes: ["recorded", "collapsed", "dropped", "suppressed", "overflowed"],
  check(run, count): Violation | undefined {
    for (const asked of interruptsOf(run)) {
      const { step, expected } = asked;
      const text = isFault(expected)
        ? checkReport(asked, count)
        : silent(step)
          ? undefined
          : "a fault of an interrupt that was not blocked";
      if (text !== undefined) return { law: "IR4", seq: step.seq, text };
    }
    return undefined;
  },
};
