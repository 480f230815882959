import { hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import { isForgetting, toldIn } from "../history/told.ts";
import type { World } from "../projections/world.ts";
import { startContextOrder } from "./context-order.ts";
import { startDeviceTlbs } from "./device-tlbs.ts";
import { startFaults } from "./faults.ts";
import type { Finding, Found } from "./finding.ts";
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

function startGuest(index: number): GuestAudit {
  const found: Found[] = [];
  const note = (one: Found): unknown => found.push(one);
  const record = newRecord();
  const writers = startWriters();
  const uses = startUses(record, writers, note);
  const staleness = startStaleness(uses.countOf);
  const isUsed = (since: number): boolean => uses.countOf(since) > 0;
  const forgotten = startForgotten(index, record, isUsed);
  const remapped = startRemapped(record, isUsed);
  const tlbs = startDeviceTlbs(record);
  const order = startContextOrder(record);
  const upper = startUpperEntries(record);
  const unflushed = startUnflushed(writers, note);
  const torn = startTorn(note);
  const faults = startFaults();
  const interrupts = startInterrupts(record, writers);
  const queue = startQueue();
  const reach = startReach(index);
  const reuse = startReuse(note);
  const spare = startSpare();
  const tell = (moment: Moment): void => {
    const { step, before, after } = moment;
    const told = toldIn(step, before);
    for (const one of told) {
      addTold(record, one);
      staleness.told(before, one);
      forgotten.told(before, one);
      faults.told(before, one);
      spare.told(before, one);
      tlbs.told(before, one);
      order.told(before, one);
      upper.told(one);
      unflushed.told(after, one);
    }
    torn.told();
    uses.told(moment, told);
  };
  const requested = [uses, tlbs, faults, interrupts, reach, spare];
  return {
    landed: reach.landed,
    follow: (moment) => {
      const { input, facts, seq } = moment.step;
      switch (input.type) {
        case "MemoryWrite":
        case "CacheFlush":
          reuse.follow(moment);
          remapped.follow(moment);
          torn.follow(moment);
          writers.follow(moment.step);
          break;
        case "Dma":
        case "DmaIssue":
        case "DmaComplete":
        case "MsiRequest":
        case "IoapicRequest":
          for (const check of requested) check.follow(moment);
          break;
        default:
          reach.follow(moment);
          queue.follow(moment);
      }
      if (facts.some(({ type }) => type === "ShadowDropped")) {
        forgotten.dropped(moment.before, moment.after, seq);
      }
      if (facts.some(isForgetting)) tell(moment);
      for (const [place, fact] of facts.entries()) {
        if (fact.type === "WaitCompleted") record.waits.push(seq + 1 + place);
      }
    },
    report: (world, isWhole) => {
      record.isWhole = isWhole;
      const all = [...found];
      const add = (one: Found): unknown => all.push(one);
      const guest = world.guests[index];
      if (guest === undefined) return all;
      uses.open(world.seq, add);
      forgotten.open(guest, world.seq, add);
      tlbs.open(guest, world.seq, add);
      order.open(guest, world.seq, add);
      upper.open(index, world.seq, add);
      for (const check of [faults, interrupts, queue, spare, remapped]) check.open(index, add);
      reach.open(add);
      return all;
    },
    staleness: (world) => {
      const guest = world.guests[index];
      const none = { all: fresh, byDomain: new Map(), byDevice: new Map() };
      return guest === undefined ? none : staleness.report(guest, world.seq);
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

/** The addresses of a finding in words, `undefined` without any. */
export function addressText({ iova }: Found): string | undefined {
  if (iova === undefined) return undefined;
  const { first, end } = iova;
  if (first >= end) return hex(first);
  return `${hex(first)} to ${hex(end - 1n)}`;
}

/** The command that opens the moment of a finding in a log. */
export const openCommand = (file: string, at: number): string =>
  `shadowfold debug ${file} --terminal --at ${at.toString()}`;
