import { formatSourceId, hex } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import type { Kernel } from "../oracle/host-kernel.ts";
import { reach } from "../oracle/host-reach.ts";
import { isMessage } from "./host-refusals.ts";
import type { Wanted } from "./host-wanted.ts";
import { frameWanted, hardwareOf, mayReachLess } from "./host-wanted.ts";
import type { Count } from "./law.ts";

/** A guest of a world, and what the host keeps for it. */
export interface Moment {
  readonly world: World;
  readonly guest: Guest;
  readonly kernel: Kernel;
}

const nameOf = ({ source, pasid }: HostEntry): string =>
  `${formatSourceId(source)}${pasid === undefined ? "" : ` PASID ${pasid}`}`;

const placeName = (frame: number | undefined): string =>
  frame === undefined ? "nothing" : hex(BigInt(frame) << 12n);

const accesses = [false, true] as const;

/** What the requester of a probe was found to be, for the cases of the law. */
export function kindOf({ entry, isBlocked }: Wanted, guest: Guest): string {
  if (isBlocked) return entry.state === "blocked" ? "blocked" : "kept out or refused";
  if (entry.state !== "nested") return entry.state;
  return guest.spaces[entry.space ?? 0]?.shadow === undefined ? "nested" : "nested twice";
}

/** Why a requester does not reach exactly what it is to reach, at some pages. */
export function differsAt(
  { world, guest, kernel }: Moment,
  wanted: Wanted,
  pages: readonly number[],
  count: Count,
): string | undefined {
  const hardware = hardwareOf(world, guest.index);
  if (hardware === undefined) return undefined;
  const { source, pasid, privileged } = wanted.entry;
  const kind = kindOf(wanted, guest);
  for (const page of pages) {
    // Requests without PASID to these addresses are messages; none of them reaches memory.
    if (isMessage(page, pasid)) continue;
    for (const write of accesses) {
      const request = { source, pasid, page, write, privileged, execute: false };
      const found = reach(kernel, hardware, request);
      const frame = frameWanted(guest, wanted, page, write);
      if (frame !== undefined) count(`${kind} reaches`);
      if (found === frame || (found === undefined && mayReachLess(guest, wanted))) continue;
      const what = `${write ? "writes" : "reads"} at ${hex(BigInt(page) << 12n)}`;
      return `${nameOf(wanted.entry)} ${what} reach ${placeName(found)}, not ${placeName(frame)}`;
    }
  }
  return undefined;
}
