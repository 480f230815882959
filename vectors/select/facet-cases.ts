import { profiles } from "../../events/profile/profiles.ts";
import { certainInputs } from "../certain.ts";
import type { Made } from "../make.ts";
import { makeSteps } from "../make.ts";
import { nameOf } from "../rules/all.ts";
import type { Facet } from "../rules/facet.ts";
import type { SmallCase } from "./case.ts";
import { rawPrograms, selectedProfiles } from "./pool.ts";
import { smallest } from "./small.ts";

type ProfileName = (typeof selectedProfiles)[number];

const isShown =
  (name: ProfileName, made: Made) =>
  (each: Facet): boolean =>
    each.shows({ profile: profiles[name], trail: made.trail });

/** A name as a file may have it. */
export const idOf = (name: string): string =>
  name.replaceAll(/[^A-Za-z0-9]+/g, "-").replace(/-$/, "");

/** Programs whose certain part does not show a facet that the whole does, at most. */
const mostMisses = 3;

/**
 * For each facet the first generated program that shows it, made small; one that shows several
 * stands for all of them.
 *
 * @param count  programs of each profile.
 */
export async function* facetCases(
  wanted: readonly Facet[],
  seed: number,
  count: number,
  { names = selectedProfiles, first = 0 }: { names?: readonly ProfileName[]; first?: number } = {},
): AsyncGenerator<SmallCase> {
  const left = new Set(wanted);
  const misses = new Map<Facet, number>();
  for (const name of names) {
    const profile = profiles[name];
    let program = -1;
    for (const raw of rawPrograms(profile, seed)) {
      program += 1;
      if (program >= count || left.size === 0) break;
      if (program < first) continue;
      const asked = raw.filter(({ type }) => type !== "RegisterRead");
      const likely = [...left].filter(isShown(name, makeSteps(profile, asked)));
      const worth = likely.filter((each) => (misses.get(each) ?? 0) < mostMisses);
      if (worth.length === 0) continue;
      const inputs = certainInputs(profile, asked);
      const made = inputs && makeSteps(profile, inputs);
      const shown = made === undefined ? [] : worth.filter(isShown(name, made));
      for (const each of worth) {
        if (!shown.includes(each)) misses.set(each, (misses.get(each) ?? 0) + 1);
      }
      for (const each of shown) {
        if (inputs === undefined || !left.has(each)) continue;
        const small = await smallest(profile, inputs, (tried) => isShown(name, tried)(each));
        const smallMade = makeSteps(profile, small);
        for (const also of [...left].filter(isShown(name, smallMade))) left.delete(also);
        const facet = nameOf(each);
        yield { id: idOf(facet), profile: name, facet, from: { seed, program }, inputs: small };
      }
    }
  }
}
