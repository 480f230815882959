import { deviceAt } from "../../projections/device/devices.ts";
import { worldOf } from "../../projections/evolve.ts";
import type { World } from "../../projections/world.ts";
import { newTurn } from "../turn.ts";
import { entryOf } from "./dma.ts";

/**
 * The world that a request of a device meets: with what the request itself makes the unit read.
 * What is known of its context and PASID may be nothing yet, or nothing that is kept: the entry of
 * a PASID that was not used, and without caching mode whatever faulted, is read by the request.
 *
 * @param index   of the guest.
 * @param source  of the device; one that is not there makes the unit read nothing.
 * @param pasid   of the request, or `undefined` for one without.
 * @returns the same world where the request meets what is kept.
 */
export function requestWorld(
  world: World,
  index: number,
  source: number,
  pasid: number | undefined,
): World {
  const device = deviceAt(world.guests[index], source);
  if (device === undefined) return world;
  const turn = newTurn(world, index);
  entryOf(turn, device.requester, pasid);
  return turn.facts.length === 0 ? world : worldOf(turn);
}
