import type { Input } from "../events/input.ts";
import { isForgetting, toldIn } from "../history/told.ts";
import type { Guest } from "../projections/guest.ts";
import { startContextOrder } from "./context-order.ts";
import { startDeviceTlbs } from "./device-tlbs.ts";
import { startFaults } from "./faults.ts";
import type { Found, Note } from "./finding.ts";
import { startForgotten } from "./forgotten.ts";
import { startInterrupts } from "./interrupts.ts";
import type { Moment } from "./moment.ts";
import { startQueue } from "./queue.ts";
import { startReach } from "./reach.ts";
import { addTold, newRecord } from "./record.ts";
import { startRemapped } from "./remapped.ts";
import { startReuse } from "./reuse.ts";
import { startSpare } from "./spare.ts";
import { startStaleness } from "./staleness.ts";
import { startTorn } from "./torn.ts";
import { startUnflushed } from "./unflushed.ts";
import { startUpperEntries } from "./upper-entries.ts";
import { startUses } from "./uses.ts";
import { startWriters } from "./writers.ts";

/** The checks of one guest, and what they share. */
export function startChecks(index: number, found: Found[]) {
  const note = (one: Found): unknown => found.push(one);
  const record = newRecord();
  const writers = startWriters();
  const uses = startUses(record, writers, note);
  const isUsed = (since: number): boolean => uses.countOf(since) > 0;
  return {
    record,
    writers,
    uses,
    staleness: startStaleness(uses.countOf),
    forgotten: startForgotten(index, record, isUsed),
    remapped: startRemapped(record, isUsed),
    tlbs: startDeviceTlbs(record),
    order: startContextOrder(record),
    upper: startUpperEntries(record),
    unflushed: startUnflushed(writers, note),
    torn: startTorn(note),
    faults: startFaults(),
    interrupts: startInterrupts(record, writers),
    queue: startQueue(),
    reach: startReach(index),
    reuse: startReuse(note),
    spare: startSpare(),
  };
}

/** The checks of one guest. */
export type Checks = ReturnType<typeof startChecks>;

/** Hands on the invalidations of a step. */
function tell(checks: Checks, moment: Moment): void {
  const { step, before, after } = moment;
  const { record, staleness, forgotten, faults, spare, tlbs, order } = checks;
  const told = toldIn(step, before);
  for (const one of told) {
    addTold(record, one);
    for (const check of [staleness, forgotten, faults, spare, tlbs, order]) {
      check.told(before, one);
    }
    checks.upper.told(one);
    checks.unflushed.told(after, one);
  }
  checks.torn.told();
  checks.uses.told(moment, told);
}

/** Hands a step on to the checks that its input concerns. */
function dispatch(checks: Checks, moment: Moment): void {
  const { uses, tlbs, faults, interrupts, reach, spare, reuse, remapped, torn } = checks;
  switch (moment.step.input.type) {
    case "MemoryWrite":
    case "CacheFlush":
      reuse.follow(moment);
      remapped.follow(moment);
      torn.follow(moment);
      checks.writers.follow(moment.step);
      return;
    case "Dma":
    case "DmaIssue":
    case "DmaComplete":
      uses.follow(moment);
      tlbs.follow(moment);
      faults.follow(moment);
      reach.follow(moment);
      spare.follow(moment);
      interrupts.follow(moment);
      return;
    case "MsiRequest":
    case "IoapicRequest":
      interrupts.follow(moment);
      return;
    default:
      reach.follow(moment);
      checks.queue.follow(moment);
  }
}

/** Facts of a register write, or of what follows when a device answers, alone say such things. */
function followQueue(checks: Checks, moment: Moment): void {
  const { facts, seq } = moment.step;
  let [hasDropped, hasForgotten] = [false, false];
  for (const fact of facts) {
    if (fact.type === "ShadowDropped") hasDropped = true;
    else if (isForgetting(fact)) hasForgotten = true;
  }
  if (hasDropped) checks.forgotten.dropped(moment.before, moment.after, seq);
  if (hasForgotten) tell(checks, moment);
  for (const [place, fact] of facts.entries()) {
    if (fact.type === "WaitCompleted") checks.record.waits.push(seq + 1 + place);
  }
}

/** Steps that are requests and nothing else: most of them. */
const isRequest = ({ type }: Input): boolean =>
  type === "Dma" || type === "DmaIssue" || type === "MsiRequest" || type === "IoapicRequest";

/** Takes in the next step. */
export function follow(checks: Checks, moment: Moment): void {
  const { input, facts } = moment.step;
  dispatch(checks, moment);
  if (facts.length > 0 && !isRequest(input)) followQueue(checks, moment);
}

/** Tells what is open in a guest after an event. */
export function openIn(checks: Checks, guest: Guest, now: number, add: Note): void {
  const { uses, forgotten, tlbs, order, upper, faults, interrupts, queue, spare } = checks;
  uses.open(now, add);
  for (const check of [forgotten, tlbs, order]) check.open(guest, now, add);
  upper.open(guest.index, now, add);
  for (const check of [faults, interrupts, queue, spare, checks.remapped]) {
    check.open(guest.index, add);
  }
  checks.reach.open(add);
}
