import { layout } from "../layout/layout.ts";
import { address, bitMask, code, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** Legacy context entry, one a device function, 16 bytes. */
export const ContextEntry = layout({
  name: "Context entry",
  width: 128,
  fields: {
    present: flag(0, "The entry is valid."),
    fpd: flag(1, "Qualified faults of this device are not recorded."),
    tt: code([3, 2], { untranslated: 0, all: 1, passThrough: 2 }, "Translation type."),
    ssptptr: address([63, 12], "Root of the second-stage table."),
    aw: code([66, 64], { levels3: 1, levels4: 2, levels5: 3 }, "Address width."),
    avail: uint([70, 67], "Ignored by hardware."),
    did: uint([87, 72], "Domain-id."),
  },
  reserved: [
    [11, 4],
    [71, 71],
    [127, 88],
  ],
});

/** The levels of second-stage tables that a code of the field AW means, supported or not. */
export const levelsOfWidth = (aw: number): number => aw + 2;

/**
 * The bits that must be 0 in a present context entry: reserved ones, addresses beyond the HAW,
 * and domain-ids wider than CAP.ND allows.
 *
 * Reading: an address beyond the HAW counts whatever TT is.
 */
export const contextReserved = (profile: Profile): bigint =>
  ContextEntry.reservedMask | bitMask(63, profile.haw) | domainReserved(profile, 72);

/** The bits of a domain-id that begins at bit `from` which CAP.ND does not allow. */
export const domainReserved = ({ domainBits }: Profile, from: number): bigint =>
  bitMask(from + 15, from + domainBits);
