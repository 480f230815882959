import { layout } from "../layout/layout.ts";
import { address, bitMask, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** First-stage table entry, 8 bytes: as the CPU's own page tables have it. */
export const FirstStageEntry = layout({
  name: "First-stage entry",
  width: 64,
  fields: {
    present: flag(0, "The entry is valid."),
    rw: flag(1, "Writes are allowed."),
    us: flag(2, "User requests are allowed."),
    pwt: flag(3, "Write-through."),
    pcd: flag(4, "Not cached."),
    a: flag(5, "Accessed: set by the unit."),
    d: flag(6, "Dirty: set by the unit in a leaf that is written through."),
    ps: flag(7, "At levels 2 and 3: the entry maps a superpage. At level 1: PAT."),
    g: flag(8, "Global; no effect."),
    ignored9: flag(9, "Ignored by hardware."),
    ea: flag(10, "Extended accessed: set by the unit, where enabled."),
    ignored11: flag(11, "Ignored by hardware."),
    address: address([51, 12], "The page or the next table."),
    ignored52: uint([62, 52], "Ignored by hardware."),
    xd: flag(63, "Execution is not allowed, where enabled."),
  },
  reserved: [],
});

/**
 * The bits that must be 0 in a present first-stage entry.
 *
 * @param level      of the table that holds the entry, 1 to 5.
 * @param superpage  whether PS is set; matters at levels 2 and 3. Bit 12 of a superpage is PAT.
 * @param nested     addresses are the second stage's: no bit is beyond the host's width.
 * @param nxe        bit 63 forbids execution; else it is reserved.
 */
export function firstStageReserved(
  profile: Profile,
  level: number,
  superpage: boolean,
  nested: boolean,
  nxe: boolean,
): bigint {
  const ps = FirstStageEntry.mask("ps");
  let mask = nested ? 0n : bitMask(51, profile.haw);
  if (!nxe) mask |= FirstStageEntry.mask("xd");
  if (level >= 4) mask |= ps;
  if (level === 2 && superpage) mask |= bitMask(20, 13);
  if (level === 3 && superpage) mask |= bitMask(29, 13) | (profile.firstStage1g ? 0n : ps);
  return mask;
}
