import type { Profile } from "../events/profile/profile.ts";
import type { Ability } from "./implementation.ts";
import { abilities } from "./implementation.ts";

/** What a unit has to have for what it can do. */
const needs: Readonly<Record<Ability, (unit: Profile) => boolean>> = {
  interrupts: () => true,
  pasid: ({ pasid }) => pasid,
  ats: ({ deviceTlb }) => deviceTlb,
  pageRequests: ({ pageRequests }) => pageRequests,
};

/** Whether a unit with these capabilities can do something. */
export const isPossible = (ability: Ability, unit: Profile): boolean => needs[ability](unit);

/** All that a unit with these capabilities can do. */
export const abilitiesOf = (unit: Profile): readonly Ability[] =>
  abilities.filter((each) => isPossible(each, unit));
