import { pageOf } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import type { Access, InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import { faultStatus } from "../../projections/fault/faults.ts";
import type { Guest } from "../../projections/guest.ts";
import { expectedFault } from "../oracle/faults.ts";
import { comparableStatus, factOfKind, faultStateOf } from "./fault-reports.ts";
import type { Count, Law } from "./law.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

type Asking = InputOf<"AtsRequest"> | InputOf<"Dma"> | InputOf<"DmaIssue"> | InputOf<"PageRequest">;

/** A request that no table translates for: its fault, and what its record must say of it. */
interface Blocked {
  readonly input: Asking;
  readonly reason: number;
  readonly access: Access;
  readonly request: FactOf<"FaultRecorded">["request"];
}

/** Why a request of a device was blocked, if it was, and not by the tables of a plain DMA. */
function blockedIn({ input, facts }: Step): Blocked | undefined {
  if (input.type === "AtsRequest") {
    const { reason } = find(facts, "TranslationBlocked") ?? {};
    const { access } = input;
    return reason === undefined ? undefined : { input, reason, access, request: "translation" };
  }
  if (input.type === "PageRequest") {
    const { reason } = find(facts, "PageRequestDropped") ?? {};
    const access = input.write ? "write" : "read";
    return reason === undefined ? undefined : { input, reason, access, request: "page" };
  }
  if ((input.type !== "Dma" && input.type !== "DmaIssue") || input.translated !== true) return;
  const blocked = find(facts, "DmaBlocked");
  if (blocked?.reason === undefined) return undefined;
  return { input, reason: blocked.reason, access: blocked.access, request: "translated" };
}

/** What a record says of a request besides its place and its fault. */
function saysSame(fact: FactOf<"FaultRecorded">, { input, reason, access, request }: Blocked) {
  const hasPasid = input.pasid !== undefined;
  return (
    fact.reason === reason &&
    pageOf(fact.page) === pageOf(input.iova) &&
    fact.access === access &&
    fact.request === request &&
    fact.pasid === input.pasid &&
    (fact.privileged === true) === (hasPasid && input.privileged === true) &&
    (fact.execute === true) === (hasPasid && input.execute === true)
  );
}

/** What is wrong with the report of a blocked request, whether its entry has FPD or not. */
function checkReport(
  blocked: Blocked,
  facts: readonly Fact[],
  [was, now]: readonly [Guest, Guest],
  fpd: boolean,
): string | undefined {
  const sid = deviceAt(was, blocked.input.device)?.requester ?? blocked.input.device;
  const state = faultStateOf(was);
  const wanted = expectedFault(state, { sid, reason: blocked.reason, fpd });
  if (find(facts, factOfKind[wanted.kind]) === undefined) return `it is not ${wanted.kind}`;
  const fact = find(facts, "FaultRecorded");
  if (fact !== undefined) {
    const isPlaced = fact.index === state.next && fact.source === sid;
    if (!isPlaced || !saysSame(fact, blocked)) return "its record does not say what happened";
  }
  const status = comparableStatus(Number(faultStatus(now)));
  return status === comparableStatus(wanted.state.fsts) ? undefined : "FSTS does not show it";
}

function check(step: Step, count: Count): string | undefined {
  const blocked = blockedIn(step);
  const index = guestIndex(step.input);
  const [was, now] = [step.before.guests[index], step.after.guests[index]];
  if (blocked === undefined || was === undefined || now === undefined) return undefined;
  count(blocked.request ?? "page");
  const texts = [false, true].map((fpd) => checkReport(blocked, step.facts, [was, now], fpd));
  return texts.includes(undefined) ? undefined : texts[0];
}

export const otherFaultsAreReported: Law = {
  id: "FA11",
  says:
    "The fault of a translation request, of a translated request or of a page request is " +
    "reported by the same rules, and its record says which of them it was.",
  sometimes: ["translation", "translated", "page"],
  check(run, count) {
    for (const step of run.steps) {
      const text = check(step, count);
      if (text !== undefined) return { law: "FA11", seq: step.seq, text: `the fault: ${text}` };
    }
    return undefined;
  },
};
