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
import { pageSize } from "./input.ts";

/**
 * What the world is at the start: one entry a guest, each with one vIOMMU. `haw` is the host
 * address width in bits, the MGAW when missing. The P2M's ranges and the devices are as the inputs
 * P2mMap and DeviceAssign have them.
 */
export const guestSetup = {
  profile: optional(text),
  ver: word,
  cap: word,
  ecap: word,
  haw: optional(integer(32, 52)),
  p2m: list(record({ gpa: gpaField, hpa: hpaField, length, pageSize, read: flag, write: flag })),
  devices: list(record({ device, physical: flag, alias: optional(device) })),
} as const;

export const setup = { guests: list(record(guestSetup)) } as const;

export type GuestSetup = Shape<typeof guestSetup>;
export type Setup = Shape<typeof setup>;
