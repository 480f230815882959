import { fold } from "../../hypervisor/fold.ts";
import type { World } from "../../projections/world.ts";
import { againOf } from "./again.ts";
import type { Law } from "./law.ts";
import type { Run } from "./run.ts";
import { sameValue } from "./same.ts";

export const savedIsTheSame: Law = {
  id: "SV1",
  says: "A unit that was saved and restored, here or on another host, goes on as if it was not.",
  sometimes: [
    ...["no unit", "in flight", "pending", "cached", "cached for pass-through", "faults"],
    ...["told a device model", "draining", "halted", "another host"],
  ],
  check(run, count) {
    const { noted, differs } = againOf(run);
    for (const [name, times] of noted) count(name, times);
    return differs && { law: "SV1", ...differs };
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
  for (const { seq, world, record } of againOf(run).saves) {
    for (const at of [seq * 7907, seq * 7901, seq * 104_729]) {
      yield [world, spoilt(record, at), seq];
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
      if (!refused || !sameValue(after.guests, world.guests)) {
        return { law: "SV2", seq, text: "a record that was spoilt is restored" };
      }
      count(/cut short/.test(only.why) ? "cut short" : "changed");
    }
    return undefined;
  },
};
