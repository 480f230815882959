import type { Input } from "../events/input.ts";
import { profileOf } from "../events/profile/profile.ts";
import type { Setup } from "../events/setup.ts";
import { emptyGuest } from "../projections/guest.ts";
import { resetRegisters } from "../projections/registers/registers.ts";
import type { World } from "../projections/world.ts";
import { emptyWorld } from "../projections/world.ts";
import { fold } from "./fold.ts";
import type { Region } from "./memory/reserved-region.ts";
import { identityMaps, regionError, regionName } from "./memory/reserved-region.ts";

/** A set-up that cannot be; one line that says why. */
export class SetupError extends Error {}

/**
 * The world that a set-up describes, with event number 0: units just reset, P2M, reserved regions
 * and devices in place.
 *
 * @throws ProfileError when capability words contradict each other, SetupError when a P2M range, a
 * reserved region or a device cannot be.
 */
export function createWorld(setup: Setup): World {
  const guests = setup.guests.map((guest, index) => {
    const { profile: name, ver, cap, ecap, haw } = guest;
    const profile = profileOf({ name, ver, cap, ecap, haw });
    return emptyGuest(index, profile, resetRegisters(profile));
  });
  let world = emptyWorld(guests);
  const place = (input: Input, what = ""): void => {
    const folded = fold(world, input);
    const refused = folded.facts.find((fact) => fact.type === "InputRefused");
    if (refused?.type === "InputRefused") throw new SetupError(`${what}${refused.why}`);
    world = folded.world;
  };
  const reserve = (index: number, region: Region): void => {
    const guest = world.guests[index];
    if (guest === undefined) return;
    const error = regionError(guest, region);
    if (error !== undefined) throw new SetupError(`${regionName(region)}: ${error}`);
    for (const map of identityMaps(guest, region)) place(map, `${regionName(region)}: `);
  };
  for (const [guest, { p2m }] of setup.guests.entries()) {
    for (const range of p2m) place({ type: "P2mMap", guest, ...range });
  }
  for (const [guest, { rmrr, devices }] of setup.guests.entries()) {
    for (const region of rmrr ?? []) reserve(guest, region);
    for (const device of devices) place({ type: "DeviceAssign", guest, ...device });
  }
  return { ...world, seq: 0 };
}
