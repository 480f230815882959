import type { Fact } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import type { World } from "../projections/world.ts";
import { follow, openIn, startChecks } from "./checks.ts";
import type { Finding, Found } from "./finding.ts";
import { findingOf, inOrder } from "./finding.ts";
import type { Moment } from "./moment.ts";
import { momentOf } from "./moment.ts";
import type { StalenessReport } from "./staleness.ts";
import { fresh } from "./staleness.ts";

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
