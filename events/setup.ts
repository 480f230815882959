import type { Shape } from "./field.ts";
import {
  device,
  flag,
  gpaField,
  hpaField,
  integer,
  length,
  list,
  optional,
  record,
  text,
  word,
} from "./field.ts";
import { frozen } from "./frozen.ts";
import { pageSize } from "./input.ts";

/**
 * What the world is at the start: one entry a guest, each with one vIOMMU. `haw` is the host
 * address width in bits, the MGAW when missing. The P2M's ranges and the devices are as the inputs
 * P2mMap and DeviceAssign have them. `rmrr` are regions that the devices need mapped to themselves,
 * made of 4 KiB pages; `end` is the last byte, as in the ACPI table. Pages that `p2m` leaves out
 * are mapped, readable and writable. `known` are the ranges of memory whose contents the log tells,
 * for one that was made of a dump; what stands elsewhere nobody knows, and the fold takes it as 0.
 * Of a range that is `assumed` some is not in the dump, and was chosen.
 */
export const guestSetup = frozen({
  profile: optional(text),
  ver: word,
  cap: word,
  ecap: word,
  haw: optional(integer(32, 52)),
  p2m: list(record({ gpa: gpaField, hpa: hpaField, length, pageSize, read: flag, write: flag })),
  devices: list(record({ device, physical: flag, alias: optional(device) })),
  rmrr: optional(list(record({ base: gpaField, end: gpaField, devices: list(device) }))),
  known: optional(list(record({ gpa: gpaField, length, assumed: optional(flag) }))),
} as const);

/** Every guest of a set-up. */
export const setup = frozen({ guests: list(record(guestSetup)) } as const);

/** As many as an event can tell apart. */
const mostGuests = 256;

/** Why a set-up cannot have as many guests as it has, or `undefined`. */
export function guestsError({ guests }: { readonly guests: readonly unknown[] }) {
  if (guests.length === 0) return "there is none";
  if (guests.length <= mostGuests) return undefined;
  return `there are ${guests.length.toString()}; at most ${mostGuests.toString()}`;
}

/** One guest at the start. */
export type GuestSetup = Shape<typeof guestSetup>;
/** What the world is at the start. */
export type Setup = Shape<typeof setup>;
