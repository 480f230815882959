import type { Input } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { abilitiesOf } from "../../target/ability.ts";
import { inputsFor } from "../../target/campaign.ts";
import { nothingKnown } from "../../target/known.ts";
import { programsOfSeed } from "../../target/programs.ts";
import { setupOf } from "../../target/setup.ts";
import { emptyTally } from "../../target/tally.ts";
import { certainInputs } from "../certain.ts";
import type { Made } from "../make.ts";
import { makeSteps } from "../make.ts";

/** The units that programs are drawn for: QEMU's first, which most can run. */
export const selectedProfiles = [
  "qemu-legacy",
  "qemu-scalable",
  "hardware-2016-caching",
  "hardware-2016",
  "xen-vvtd",
  "everything",
  "everything-scalable",
  "everything-scalable-not-nested",
] as const satisfies readonly (keyof typeof profiles)[];

/** A generated program that leaves nothing open. */
export interface Candidate {
  readonly name: keyof typeof profiles;
  readonly profile: Profile;
  readonly seed: number;
  readonly index: number;
  readonly inputs: readonly Input[];
  readonly made: Made;
}

/** What a target with all that a unit can do is given of a seed, one program after another. */
export function* rawPrograms(profile: Profile, seed: number): Generator<readonly Input[]> {
  const lane = { setup: setupOf(profile), can: new Set(abilitiesOf(profile)) };
  for (const program of programsOfSeed(lane, seed)) {
    yield inputsFor(lane, program, nothingKnown, emptyTally());
  }
}

/** The first programs of a seed, without what their answers leave open. */
export function* candidates(name: keyof typeof profiles, seed: number, count: number) {
  const profile = profiles[name];
  let index = 0;
  for (const raw of rawPrograms(profile, seed)) {
    if (index >= count) return;
    const asked = raw.filter(({ type }) => type !== "RegisterRead");
    const inputs = certainInputs(profile, asked);
    if (inputs !== undefined) {
      const made = makeSteps(profile, inputs);
      const found: Candidate = { name, profile, seed, index, inputs, made };
      yield found;
    }
    index += 1;
  }
}
