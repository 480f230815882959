import { layout } from "../layout/layout.ts";
import { address, bitMask, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** Scalable-mode context entry, one a device function, 32 bytes. */
export const ScalableContextEntry = layout({
  name: "Scalable-mode context entry",
  width: 256,
  fields: {
    present: flag(0, "The entry is valid."),
    fpd: flag(1, "Qualified faults of this device are not recorded."),
    dte: flag(2, "Translation requests and translated requests are allowed."),
    paside: flag(3, "Requests with PASID are allowed."),
    pre: flag(4, "Page requests are allowed."),
    pdts: uint([11, 9], "The PASID directory has 2^(PDTS + 7) entries."),
    pasiddirptr: address([63, 12], "The PASID directory."),
    ridPasid: uint([83, 64], "The PASID whose entry serves requests without one."),
    ridPriv: flag(84, "Requests without PASID ask for supervisor rights."),
  },
  reserved: [
    [8, 5],
    [255, 85],
  ],
});

/** The bits that must be 0 in a present scalable-mode context entry. */
export function scalableContextReserved(profile: Profile): bigint {
  let mask = ScalableContextEntry.reservedMask | bitMask(63, profile.haw);
  if (!profile.deviceTlb) mask |= ScalableContextEntry.mask("dte");
  if (!profile.pasid) mask |= ScalableContextEntry.mask("paside");
  if (!profile.pageRequests) mask |= ScalableContextEntry.mask("pre");
  if (!profile.ridPasid) mask |= ScalableContextEntry.mask("ridPasid");
  if (!profile.ridPriv) mask |= ScalableContextEntry.mask("ridPriv");
  return mask;
}
