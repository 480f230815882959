import { layout } from "../layout/layout.ts";
import { address, bitMask, flag } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** Legacy root entry, one a bus, 16 bytes. */
export const RootEntry = layout({
  name: "Root entry",
  width: 128,
  fields: {
    present: flag(0, "The bus has a context table."),
    ctp: address([63, 12], "The context table."),
  },
  reserved: [
    [11, 1],
    [127, 64],
  ],
});

/** The bits that must be 0 in a present root entry: reserved ones and addresses beyond the HAW. */
export const rootReserved = (profile: Profile): bigint =>
  RootEntry.reservedMask | bitMask(63, profile.haw);
