import type { Guest } from "../../projections/guest.ts";
import type { Law } from "./law.ts";
import { guestIndex } from "./run.ts";

/** What decides where a guest's devices can reach. */
const reach = (guest: Guest): readonly unknown[] => [
  guest.p2m,
  guest.hosts,
  guest.shadows,
  guest.passThroughCache,
  guest.virtualCaches,
  guest.memory,
  guest.devices,
  guest.charts,
];

export const guestsAreApart: Law = {
  id: "IS2",
  says: "Nothing that happens to one guest changes what another guest's devices can reach.",
  sometimes: ["two guests"],
  check(run, count) {
    if (run.start.guests.length < 2) return undefined;
    for (const { input, before, after, seq } of run.steps) {
      count("two guests");
      for (const [index, guest] of before.guests.entries()) {
        if (index === guestIndex(input)) continue;
        const now = after.guests[index];
        if (now === guest) continue;
        const same = now !== undefined && reach(guest).every((part, at) => part === reach(now)[at]);
        if (same) continue;
        const text = `${input.type} of guest ${guestIndex(input)} changes guest ${index}`;
        return { law: "IS2", seq, text };
      }
    }
    return undefined;
  },
};
