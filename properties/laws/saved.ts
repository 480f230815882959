import { isDeepStrictEqual } from "node:util";
import { fold } from "../../hypervisor/fold.ts";
import { stateHash } from "../../projections/digest.ts";
import type { Guest } from "../../projections/guest.ts";
import { emptyGuest } from "../../projections/guest.ts";
import { resetRegisters } from "../../projections/registers/registers.ts";
import { shadowsOf } from "../../projections/shadow/shadows.ts";
import type { World } from "../../projections/world.ts";
import type { Count, Law } from "./law.ts";
import { find } from "./requests.ts";
import type { Run } from "./run.ts";

/** The record of a guest's unit, if it has one. */
function recordIn(world: World, guest: number): string | undefined {
  return find(fold(world, { type: "UnitSave", guest }).facts, "UnitSaved")?.record;
}

/** A unit that was just created, with the memory, the P2M and the devices of a guest. */
const newcomer = ({ index, offered, memory, p2m, devices, base, profile }: Guest): Guest => ({
  ...emptyGuest(index, profile, resetRegisters(profile)),
  ...{ offered, memory, p2m, devices, base },
});

/** The world once a guest's unit has gone through a record; its events are not counted. */
function throughRecord(world: World, index: number, elsewhere: boolean): World {
  const guest = world.guests[index];
  const record = recordIn(world, index);
  if (guest === undefined || record === undefined) return world;
  const guests = elsewhere
    ? world.guests.map((one) => (one === guest ? newcomer(one) : one))
    : world.guests;
  const restored = fold({ ...world, guests }, { type: "UnitRestore", guest: index, record });
  return { ...restored.world, seq: world.seq };
}

/** Notes what makes a moment worth being saved. */
function note(guest: Guest, count: Count): void {
  const shadows = shadowsOf(guest);
  if (guest.charts.life === "absent") count("no unit");
  if (Object.keys(guest.inFlight).length > 0) count("in flight");
  if (shadows.some(({ pending }) => pending.root !== 0)) count("pending");
  if (shadows.some(({ iotlb }) => iotlb.root !== 0)) count("cached");
  if (guest.passThroughCache.root !== 0) count("cached for pass-through");
  if (Object.keys(guest.virtualCaches).length > 0) count("told a device model");
  if (guest.queue.state === "draining") count("draining");
  if (guest.queue.state === "halted") count("halted");
  if (guest.faults.records.some((one) => one !== undefined)) count("faults");
}

/** Steps after which units go through records: about one in 23. */
const isPoint = (seq: number): boolean => (seq * 7919) % 23 === 0;

export const savedIsTheSame: Law = {
  id: "SV1",
  says: "A unit that was saved and restored, here or on another host, goes on as if it was not.",
  sometimes: [
    ...["no unit", "in flight", "pending", "cached", "cached for pass-through", "faults"],
    ...["told a device model", "draining", "halted", "another host"],
  ],
  check(run, count) {
    let world = run.start;
    for (const step of run.steps) {
      const { world: next, facts } = fold(world, step.input);
      if (!isDeepStrictEqual(facts, step.facts)) {
        const text = `after a restore ${step.input.type} has other consequences`;
        return { law: "SV1", seq: step.seq, text };
      }
      world = next;
      if (!isPoint(step.seq)) continue;
      const elsewhere = step.seq % 2 === 0;
      if (elsewhere) count("another host");
      for (const guest of step.after.guests) {
        note(guest, count);
        world = throughRecord(world, guest.index, elsewhere);
      }
    }
    const end = run.steps.at(-1)?.after ?? run.start;
    if (stateHash(world) === stateHash(end)) return undefined;
    return { law: "SV1", seq: end.seq, text: "after a restore the world ends as another" };
  },
};

/** A record that somebody changed in one place, or cut short. */
function spoilt(record: string, at: number): string {
  const place = at % record.length;
  if (at % 3 === 0) return record.slice(0, place);
  const other = record[place] === "7" ? "8" : "7";
  return record.slice(0, place) + other + record.slice(place + 1);
}

/** Restores that must be refused, at a few moments of a run. */
function* attempts(run: Run): Generator<readonly [World, string, number]> {
  for (const { seq, after } of run.steps) {
    if ((seq * 7919) % 47 !== 0) continue;
    const record = recordIn(after, 0);
    if (record === undefined) continue;
    for (const at of [seq * 7907, seq * 7901, seq * 104_729]) {
      yield [after, spoilt(record, at), seq];
    }
  }
}

export const spoiltIsRefused: Law = {
  id: "SV2",
  says: "A record that was changed or cut short is refused, and nothing changes.",
  sometimes: ["cut short", "changed"],
  check(run, count) {
    for (const [world, record, seq] of attempts(run)) {
      const { world: after, facts } = fold(world, { type: "UnitRestore", record });
      const [only] = facts;
      const refused = facts.length === 1 && only?.type === "InputRefused";
      if (!refused || !isDeepStrictEqual(after.guests, world.guests)) {
        return { law: "SV2", seq, text: "a record that was spoilt is restored" };
      }
      count(/cut short/.test(only.why) ? "cut short" : "changed");
    }
    return undefined;
  },
};
