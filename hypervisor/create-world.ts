import type { Input } from "../events/input.ts";
import { profileOf } from "../events/profile/profile.ts";
import type { Setup } from "../events/setup.ts";
import { copyGuest } from "../projections/evolve.ts";
import type { Guest } from "../projections/guest.ts";
import { emptyGuest } from "../projections/guest.ts";
import { resetRegisters } from "../projections/registers/registers.ts";
import type { World } from "../projections/world.ts";
import { emptyWorld } from "../projections/world.ts";
import type { Owners } from "../tables/p2m.ts";
import { fold } from "./fold.ts";
import type { Region } from "./memory/reserved-region.ts";
import { identityMaps, regionError, regionName } from "./memory/reserved-region.ts";

/** A set-up that cannot be; one line that says why. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

function numbered(guest: Guest, index: number): Guest {
  const copy = copyGuest(guest);
  copy.index = index;
  return copy;
}

/** The guests of a set-up, of which those with like units share what their words mean. */
function resetGuests(setup: Setup): Guest[] {
  const units = new Map<string, Guest>();
  return setup.guests.map(({ profile: name, ver, cap, ecap, haw }, index) => {
    const key = [name ?? "", ver, cap, ecap, haw ?? ""].join(" ");
    const known = units.get(key);
    if (known !== undefined) return numbered(known, index);
    const profile = profileOf({ name, ver, cap, ecap, haw });
    const made = emptyGuest(index, profile, resetRegisters(profile));
    units.set(key, made);
    return made;
  });
}

/** Where the guests of a set-up are placed: one after the other, each as if it were alone. */
interface Placing {
  readonly guests: Guest[];
  owners: Owners;
}

/** Folds what a set-up says of one guest, whose number it leaves out. */
function placeInputs(
  placing: Placing,
  index: number,
  inputsOf: (guest: Guest) => Iterable<readonly [Input, string]>,
): void {
  const guest = placing.guests[index];
  if (guest === undefined) return;
  let world: World = { seq: 0, guests: [guest], owners: placing.owners };
  for (const [input, what] of inputsOf(guest)) {
    const folded = fold(world, input);
    const refused = folded.facts.find((fact) => fact.type === "InputRefused");
    if (refused?.type === "InputRefused") throw new SetupError(`${what}${refused.why}`);
    world = folded.world;
  }
  placing.guests[index] = world.guests[0] ?? guest;
  placing.owners = world.owners;
}

function* regionInputs(guest: Guest, region: Region): Iterable<readonly [Input, string]> {
  const error = regionError(guest, region);
  if (error !== undefined) throw new SetupError(`${regionName(region)}: ${error}`);
  for (const map of identityMaps(guest, region)) yield [map, `${regionName(region)}: `];
}

/**
 * The world that a set-up describes, with event number 0: units just reset, P2M, reserved regions
 * and devices in place.
 *
 * @throws ProfileError when capability words contradict each other, SetupError when a P2M range, a
 * reserved region or a device cannot be.
 */
export function createWorld(setup: Setup): World {
  const guests = resetGuests(setup);
  const placing: Placing = { guests, owners: emptyWorld([]).owners };
  for (const [index, { p2m }] of setup.guests.entries()) {
    placeInputs(placing, index, () => p2m.map((range) => [{ type: "P2mMap", ...range }, ""]));
  }
  for (const [index, { rmrr, devices }] of setup.guests.entries()) {
    for (const region of rmrr ?? []) {
      placeInputs(placing, index, (guest) => regionInputs(guest, region));
    }
    const assigned = (): (readonly [Input, string])[] =>
      devices.map((device) => [{ type: "DeviceAssign", ...device }, ""]);
    placeInputs(placing, index, assigned);
  }
  return { ...emptyWorld(guests), owners: placing.owners };
}
