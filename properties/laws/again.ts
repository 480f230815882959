import type { Step } from "../../history/step.ts";
import { fold } from "../../hypervisor/fold.ts";
import { stateHash } from "../../projections/digest.ts";
import type { Guest } from "../../projections/guest.ts";
import { emptyGuest } from "../../projections/guest.ts";
import { resetRegisters } from "../../projections/registers/registers.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { find } from "./requests.ts";
import type { Run } from "./run.ts";
import { sameValue } from "./same.ts";

/** What came of folding a run's inputs again, with units that went through records on the way. */
export interface Again {
  /** What makes a moment worth being saved, and how many such moments there were. */
  readonly noted: ReadonlyMap<string, number>;
  /** Where the run went on otherwise. */
  readonly differs: { readonly seq: number; readonly text: string } | undefined;
  /** What was saved of the first guest on the way, and when. */
  readonly saves: readonly Save[];
}

/** A record of a world's first guest. */
export interface Save {
  readonly seq: number;
  readonly world: World;
  readonly record: string;
}

/** The record of a guest's unit, if it has one. */
function recordIn(world: World, guest: number): string | undefined {
  return find(fold(world, { type: "UnitSave", guest }).facts, "UnitSaved")?.record;
}

/**
 * A unit that was just created, with the memory, the P2M and the devices of a guest, and what else
 * is the host's: whom it keeps out, and whether it notes what devices write.
 */
const newcomer = (guest: Guest): Guest => {
  const { index, offered, memory, p2m, devices, base, profile, keptOut, dirtyTracking } = guest;
  return {
    ...emptyGuest(index, profile, resetRegisters(profile)),
    ...{ offered, memory, p2m, devices, base, keptOut, dirtyTracking },
  };
};

/** The world once a guest's unit has gone through a record; its events are not counted. */
function throughRecord(world: World, index: number, elsewhere: boolean, saves: Save[]): World {
  const guest = world.guests[index];
  const record = recordIn(world, index);
  if (guest === undefined || record === undefined) return world;
  if (index === 0) saves.push({ seq: world.seq, world, record });
  const guests = elsewhere
    ? world.guests.map((one) => (one === guest ? newcomer(one) : one))
    : world.guests;
  const restored = fold({ ...world, guests }, { type: "UnitRestore", guest: index, record });
  return { ...restored.world, seq: world.seq };
}

/** What makes a moment worth being saved. */
function notesOf(guest: Guest): readonly string[] {
  const shadows = shadowsOf(guest);
  const notes = {
    "no unit": guest.charts.life === "absent",
    "in flight": Object.keys(guest.inFlight).length > 0,
    pending: shadows.some(({ pending }) => pending.root !== 0),
    cached: shadows.some(({ iotlb }) => iotlb.root !== 0),
    "cached for pass-through": guest.passThroughCache.root !== 0,
    "told a device model": Object.keys(guest.virtualCaches).length > 0,
    draining: guest.queue.state === "draining",
    halted: guest.queue.state === "halted",
    faults: guest.faults.records.some((one) => one !== undefined),
  };
  return Object.entries(notes).flatMap(([name, holds]) => (holds ? name : []));
}

/** Steps after which units may go through records: about one in 97. */
const isPoint = (seq: number): boolean => (seq * 7919) % 97 === 0;

/** Of moments that show nothing that was not saved before, one in so many is saved all the same. */
const seldom = 6;

/** Which moments of a run have been saved. It changes. */
interface Points {
  readonly noted: Map<string, number>;
  /** By index, the guest as it was met last. */
  readonly met: Map<number, Guest>;
  /** Notes that were saved already, of each guest. */
  readonly kinds: Set<string>;
  alike: number;
  readonly saves: Save[];
}

const newPoints = (): Points => ({
  noted: new Map(),
  met: new Map(),
  kinds: new Set(),
  alike: 0,
  saves: [],
});

const add = ({ noted }: Points, name: string): void => {
  noted.set(name, (noted.get(name) ?? 0) + 1);
};

/** Whether saving a guest may show something that the moments before did not. */
function isWorth(points: Points, guest: Guest): boolean {
  const { met, kinds } = points;
  if (met.get(guest.index) === guest) return false;
  met.set(guest.index, guest);
  const notes = notesOf(guest);
  const isKnown = notes.every((name) => kinds.has(`${guest.index} ${name}`));
  if (isKnown && points.alike++ % seldom !== 0) return false;
  for (const name of notes) {
    kinds.add(`${guest.index} ${name}`);
    add(points, name);
  }
  return true;
}

/** The world after a step, where units have gone through records if it is a point. */
function afterPoint(world: World, step: Step, points: Points): World {
  if (!isPoint(step.seq)) return world;
  const elsewhere = step.seq % 2 === 0;
  if (elsewhere) add(points, "another host");
  let gone = world;
  for (const guest of step.after.guests) {
    if (isWorth(points, guest)) gone = throughRecord(gone, guest.index, elsewhere, points.saves);
  }
  return gone;
}

function foldAgain(run: Run): Again {
  const points = newPoints();
  const { noted, saves } = points;
  let world = run.start;
  for (const step of run.steps) {
    const { world: next, facts } = fold(world, step.input);
    if (!sameValue(facts, step.facts)) {
      const text = `after a restore ${step.input.type} has other consequences`;
      return { noted, differs: { seq: step.seq, text }, saves };
    }
    world = afterPoint(next, step, points);
  }
  const end = run.steps.at(-1)?.after ?? run.start;
  const isAlike = sameValue(world, end) || stateHash(world) === stateHash(end);
  const text = "after a restore the world ends as another";
  return { noted, differs: isAlike ? undefined : { seq: end.seq, text }, saves };
}

const known = new WeakMap<Run, Again>();

/** Folds a run a second time, once for all laws. */
export function againOf(run: Run): Again {
  const made = known.get(run) ?? foldAgain(run);
  known.set(run, made);
  return made;
}
