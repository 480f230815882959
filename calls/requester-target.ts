import { gpaOfPage } from "../events/address.ts";
import { deviceBehind } from "../projections/device/devices.ts";
import type { Space } from "../projections/first-stage/space.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { requesterKey } from "../projections/host/host-entry.ts";
import { isKeptOut } from "../projections/host/kept-out.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { radixForEach } from "../tables/radix.ts";
import type { Requester, TableData, Target } from "./call.ts";
import { isTooLarge } from "./host-content.ts";
import type { Rights } from "./host-number.ts";
import { p2mSpace, shadowSpace, tableNumber } from "./host-number.ts";

/** Who an entry is for. */
export const requesterOf = ({ source, pasid }: HostEntry): Requester => ({ source, pasid });

/** The first stage that an entry's requests go through in the host's hardware. */
export function stageOf(guest: Guest, entry: HostEntry): Space | undefined {
  if (entry.state !== "nested" || entry.space === undefined) return undefined;
  const stage = guest.spaces[entry.space];
  return stage?.virtual === false ? stage : undefined;
}

const isBlocked = (guest: Guest, shadow: number | undefined): boolean => {
  const known = shadowAt(guest, shadow);
  return known === undefined || isTooLarge(known);
};

/** Whether a first stage lies over a shadow that the host cannot hold. */
const isOverNothing = (guest: Guest, { shadow }: Space): boolean =>
  shadow !== undefined && isBlocked(guest, shadow);

/** Every request asks for supervisor rights (RID_PRIV), and the PASID entry allows none (SRE). */
const allFault = ({ privileged, sre }: HostEntry): boolean => privileged && !sre;

/**
 * Where the host's hardware sends the requests of an entry; `undefined` for nowhere: they are
 * blocked, or a device model asks.
 */
export function targetOf(guest: Guest, entry: HostEntry | undefined): Target | undefined {
  if (entry === undefined || deviceBehind(guest, entry.source)?.physical !== true) return undefined;
  if (isKeptOut(guest, entry.source, entry.pasid) || allFault(entry)) return undefined;
  if (entry.state === "passThrough") return { to: "space", space: p2mSpace(guest) };
  const { shadow } = entry;
  if (entry.state === "shadowed" && shadow !== undefined) {
    return isBlocked(guest, shadow)
      ? undefined
      : { to: "space", space: shadowSpace(guest, shadow) };
  }
  const stage = stageOf(guest, entry);
  if (stage === undefined || isOverNothing(guest, stage)) return undefined;
  return { to: "table", table: tableNumber(guest, stage.id, entry) };
}

/** The space that a first stage lies over. */
export const spaceBelow = (guest: Guest, { shadow }: Space): number =>
  shadow === undefined ? p2mSpace(guest) : shadowSpace(guest, shadow);

/** What a first stage is to the hardware, for requests with some rights. */
export const tableData = (stage: Space, { sre, ere }: Rights): TableData => ({
  root: gpaOfPage(stage.root),
  levels: stage.levels,
  sre,
  ere,
  wpe: stage.wpe,
  nxe: stage.nxe,
  smep: stage.smep,
  eafe: stage.eafe,
});

/** Keys of entries whose requests carry a source-id alone, or one PASID too. */
const keysOf = (pasid: number | undefined): readonly [number, number] => {
  const first = requesterKey(0, pasid);
  return [first, first + 0x10000];
};

/**
 * The entries whose requests go through a first stage: those of its PASID, and those without one,
 * whose PASID it may be too.
 */
export function usersOf(guest: Guest, stage: Space): readonly HostEntry[] {
  const users: HostEntry[] = [];
  for (const [first, end] of [keysOf(undefined), keysOf(stage.pasid)]) {
    radixForEach(guest.hosts, first, end, (_key, entry) => {
      if (entry.space === stage.id && stageOf(guest, entry) !== undefined) users.push(entry);
    });
  }
  return users;
}
