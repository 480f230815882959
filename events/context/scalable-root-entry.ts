import { layout } from "../layout/layout.ts";
import { address, bitMask, flag } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** Scalable-mode root entry, one a bus, 16 bytes: a context table for each half of its devfns. */
export const ScalableRootEntry = layout({
  name: "Scalable-mode root entry",
  width: 128,
  fields: {
    lp: flag(0, "Devices 0 to 15 of the bus have a context table."),
    lctp: address([63, 12], "Their context table."),
    up: flag(64, "Devices 16 to 31 of the bus have a context table."),
    uctp: address([127, 76], "Their context table."),
  },
  reserved: [
    [11, 1],
    [75, 65],
  ],
});

/**
 * The bits that must be 0 in the half of a root entry that a request uses, as a 64-bit word.
 *
 * Reading: only the half that the function uses is checked.
 */
export const scalableRootReserved = (profile: Profile): bigint =>
  bitMask(11, 1) | bitMask(63, profile.haw);
