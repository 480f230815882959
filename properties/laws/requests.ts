import { hex, pageOf } from "../../events/address.ts";
import type { Fact, FactOf, FactType } from "../../events/fact.ts";
import type { Access } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Answer } from "../oracle/compose.ts";
import type { Violation } from "../verdict.ts";
import { senderOf } from "./compare-probe.ts";
import type { Count, Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";

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
  if (find(facts, "InterruptRequested") !== undefined)
    return { text: "interrupt", access: "write" };
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

/** Notes what led to the page of a request in scalable mode. */
function countKind({ expected, key }: Probe, how: string, count: Count): void {
  const { kind, first } = expected;
  if (first !== undefined) count(`${kind === "nested" ? "nested" : "first stage"} ${how}`);
  else if (key.pasid !== undefined && kind === "tables") count(`second stage with PASID ${how}`);
  else if (key.pasid !== undefined) count(`${kind} with PASID ${how}`);
}

const namesOfKinds: Readonly<Record<string, string>> = {
  fault: "faulted",
  hole: "hole",
  interrupt: "interrupt",
};

export const requestsAreAnswered: Law = {
  id: "DM1",
  says:
    "A DMA lands where the guest's tables and the P2M say, or faults as they say, or did at " +
    "some time since the covering invalidation.",
  sometimes: [
    ...["landed", "faulted", "hole", "interrupt", "while pending", "stale but allowed"],
    ...["first stage landed", "first stage faulted", "nested landed", "nested faulted"],
    ...["second stage with PASID landed", "fault with PASID faulted", "stale first stage"],
  ],
  check(run, count) {
    const { asked } = sightOf(run);
    for (const step of run.steps) {
      const probe = asked.get(step.seq);
      if (probe === undefined) continue;
      const outcome = outcomeOf(step.facts);
      if (outcome === undefined) continue;
      const kind = outcome.text.split(" ")[0];
      count(namesOfKinds[kind ?? ""] ?? "landed");
      if (probe.expected.pending) count("while pending");
      countKind(probe, kind === "fault" ? "faulted" : "landed", count);
      if (textOf(probe.expected[outcome.access]) !== outcome.text) {
        count("stale but allowed");
        if (probe.expected.first !== undefined) count("stale first stage");
      }
      const violation = checkRequest(step, probe);
      if (violation !== undefined) return { ...violation, law: "DM1" };
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
