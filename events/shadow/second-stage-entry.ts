import { layout } from "../layout/layout.ts";
import { address, bitMask, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** Second-stage table entry, 8 bytes. It has no present bit: it is present when R or W is set. */
export const SecondStageEntry = layout({
  name: "Second-stage entry",
  width: 64,
  fields: {
    r: flag(0, "Reads are allowed."),
    w: flag(1, "Writes are allowed."),
    x: flag(2, "Execution is allowed (scalable mode); else ignored."),
    emt: uint([5, 3], "Memory type of a leaf."),
    ipat: flag(6, "Ignore the first stage's memory type."),
    ps: flag(7, "At levels 2 and 3: the entry maps a superpage."),
    a: flag(8, "Accessed, where enabled."),
    d: flag(9, "Dirty, where enabled."),
    ignored10: flag(10, "Ignored by hardware."),
    snp: flag(11, "Of a leaf: accesses snoop; else reserved, as without snoop control."),
    address: address([51, 12], "The page or the next table."),
    ignored61: uint([61, 52], "Ignored by hardware."),
    tm: flag(62, "Reserved; up to revision 3.1 transient mapping."),
    ignored63: flag(63, "Ignored by hardware."),
  },
  reserved: [],
});

/**
 * The bits that must be 0 in a present second-stage entry.
 *
 * @param level      of the table that holds the entry, 1 to 5.
 * @param superpage  whether PS is set; matters at levels 2 and 3.
 *
 * Without the superpage size in SLLPS the PS bit itself is reserved, as it always is at levels 4
 * and 5. Bit 62, which was TM up to revision 3.1, is reserved in every entry, but for leaves of a
 * unit of version 2.x with device TLBs; bit 11 is one of leaves alone.
 */
export function secondStageReserved(profile: Profile, level: number, superpage: boolean): bigint {
  const ps = SecondStageEntry.mask("ps");
  const isLeaf = level === 1 || (superpage && level <= 3);
  const hasTm = profile.ecs && profile.deviceTlb && isLeaf;
  let mask = (hasTm ? 0n : SecondStageEntry.mask("tm")) | bitMask(51, profile.haw);
  if (!(profile.snoop && isLeaf)) mask |= SecondStageEntry.mask("snp");
  if (level >= 4) mask |= ps;
  if (level === 2 && superpage) mask |= bitMask(20, 12) | (profile.superpages.m2 ? 0n : ps);
  if (level === 3 && superpage) mask |= bitMask(29, 12) | (profile.superpages.g1 ? 0n : ps);
  return mask;
}
