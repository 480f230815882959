import type { Profile } from "../events/profile/profile.ts";

/**
 * A function of a unit's capabilities that is computed once for each unit. The last answer is at
 * hand at once, since most questions in a row are about one unit.
 */
export function perProfile<T>(make: (profile: Profile) => T): (profile: Profile) => T {
  const known = new WeakMap<Profile, { readonly value: T }>();
  let last: { readonly profile: Profile; readonly value: T } | undefined;
  return (profile) => {
    if (last?.profile === profile) return last.value;
    const value = known.get(profile)?.value ?? make(profile);
    known.set(profile, { value });
    last = { profile, value };
    return value;
  };
}
