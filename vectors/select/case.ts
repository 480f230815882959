import type { Input } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";

/** A small program that was made for one thing, which it shows or kills. */
export interface SmallCase {
  readonly id: string;
  readonly profile: keyof typeof profiles;
  /** The name of the facet, or the id of the bug, that it was made for. */
  readonly facet?: string;
  readonly bug?: string;
  readonly from?: { readonly seed: number; readonly program: number };
  readonly inputs: readonly Input[];
}

/** The unit that a case is for. */
export const profileOfCase = ({ profile }: SmallCase): Profile => profiles[profile];
