import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";

/** Numbers that the host's objects of one epoch have, of each kind. */
const perEpoch = 2 ** 32;

const firstOf = ({ hostEpoch }: Guest): number => (hostEpoch - 1) * perEpoch;

/** Whether the host has anything for a guest: it has physical devices. */
export const hasHost = ({ devices }: Guest): boolean => devices.physical > 0;

/** The number of the space that is the guest's P2M. */
export const p2mSpace = (guest: Guest): number => firstOf(guest);

/** The number of the space that is a shadow: shadows are numbered from 1. */
export const shadowSpace = (guest: Guest, shadow: number): number => firstOf(guest) + shadow;

/**
 * The number of the table that an entry's requests go through: entries of one first stage that
 * grant the same rights have one.
 */
export const tableNumber = (guest: Guest, space: number, { sre, ere }: Rights): number =>
  firstOf(guest) + space * 4 + (sre ? 2 : 0) + (ere ? 1 : 0);

/** What a PASID entry grants of a first stage. */
export type Rights = Pick<HostEntry, "sre" | "ere">;
