import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import { isForgetting, toldIn } from "../history/told.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";
import { startContextOrder } from "./context-order.ts";
import { startDeviceTlbs } from "./device-tlbs.ts";
import { startFaults } from "./faults.ts";
import type { Finding, Found, Note } from "./finding.ts";
import { findingOf, inOrder } from "./finding.ts";
import { startForgotten } from "./forgotten.ts";
import { startInterrupts } from "./interrupts.ts";
import type { Moment } from "./moment.ts";
import { momentOf } from "./moment.ts";
import { startQueue } from "./queue.ts";
import { startReach } from "./reach.ts";
import { addTold, newRecord } from "./record.ts";
import { startRemapped } from "./remapped.ts";
import { startReuse } from "./reuse.ts";
import { startSpare } from "./spare.ts";
import type { StalenessReport } from "./staleness.ts";
import { fresh, startStaleness } from "./staleness.ts";
import { startTorn } from "./torn.ts";
import { startUnflushed } from "./unflushed.ts";
import { startUpperEntries } from "./upper-entries.ts";
import { startUses } from "./uses.ts";
import { startWriters } from "./writers.ts";

/** What an audit comes to. */
export interface AuditReport {
  /** Number of the last event. */
  readonly events: number;
  /** In the order of their events. */
  readonly findings: readonly Finding[];
  /** For how long what was removed stayed in reach, by guest. */
  readonly staleness: readonly StalenessReport[];
}

/** An audit of a log while it is folded. */
export interface Audit {
  /** Takes in the next step, from the first one. */
  readonly follow: (step: Step) => void;
  /** Takes in a fact as somebody else's host says it, in the world around it. */
  readonly landed: (fact: Fact, seq: number, world: World) => void;
  /**
   * What it comes to so far.
   *
   * @param isWhole  nothing more comes: what is open stays open. Else it is judged once the driver
   *   has gone on to other things.
   */
  readonly report: (isWhole?: boolean) => AuditReport;
}

/** The audit of one guest. */
interface GuestAudit {
  readonly follow: (moment: Moment) => void;
  readonly landed: (fact: Fact, seq: number, world: World) => void;
  readonly report: (world: World, isWhole: boolean) => readonly Found[];
  readonly staleness: (world: World) => StalenessReport;
}

/** The checks of one guest, and what they share. */
function startChecks(index: number, found: Found[]) {
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

type Checks = ReturnType<typeof startChecks>;

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

function follow(checks: Checks, moment: Moment): void {
  const { input, facts } = moment.step;
  dispatch(checks, moment);
  if (facts.length > 0 && !isRequest(input)) followQueue(checks, moment);
}

/** What is open in a guest after an event. */
function openIn(checks: Checks, guest: Guest, now: number, add: Note): void {
  const { uses, forgotten, tlbs, order, upper, faults, interrupts, queue, spare } = checks;
  uses.open(now, add);
  for (const check of [forgotten, tlbs, order]) check.open(guest, now, add);
  upper.open(guest.index, now, add);
  for (const check of [faults, interrupts, queue, spare, checks.remapped]) {
    check.open(guest.index, add);
  }
  checks.reach.open(add);
}

function startGuest(index: number): GuestAudit {
  const found: Found[] = [];
  const checks = startChecks(index, found);
  return {
    landed: checks.reach.landed,
    follow: (moment) => follow(checks, moment),
    report: (world, isWhole) => {
      checks.record.isWhole = isWhole;
      const all = [...found];
      const guest = world.guests[index];
      if (guest !== undefined) openIn(checks, guest, world.seq, (one) => all.push(one));
      return all;
    },
    staleness: (world) => {
      const guest = world.guests[index];
      const none = { all: fresh, byDomain: new Map(), byDevice: new Map() };
      return guest === undefined ? none : checks.staleness.report(guest, world.seq);
    },
  };
}

/** An audit of nothing yet: the state before the first event. */
export function startAudit(start: World): Audit {
  const guests = start.guests.map((_, index) => startGuest(index));
  let world = start;
  return {
    follow: (step) => {
      const moment = momentOf(step);
      if (moment !== undefined) guests[moment.index]?.follow(moment);
      world = step.after;
    },
    landed: (fact, seq, around) => guests[fact.guest ?? 0]?.landed(fact, seq, around),
    report: (isWhole = true) => ({
      events: world.seq,
      findings: inOrder(guests.flatMap((one) => one.report(world, isWhole)).map(findingOf)),
      staleness: guests.map((one) => one.staleness(world)),
    }),
  };
}
