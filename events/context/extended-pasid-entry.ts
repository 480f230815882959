import { layout } from "../layout/layout.ts";
import { address, bitMask, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/**
 * PASID table entry of version 2.x, 8 bytes; all bits of the PASID say which. Memory types have no
 * effect here.
 *
 * Sources: EDK2 `Vtd.h`, Fuchsia `hw.h`; what Linux 4.4 to 4.20 writes (`intel-svm.c`: P, SRE, the
 * address).
 *
 * Reading: PWT and PCD lie as in CR3, which Fuchsia has too; EDK2 has them the other way.
 */
export const ExtendedPasidEntry = layout({
  name: "PASID entry of 2.x",
  width: 64,
  fields: {
    present: flag(0, "The entry is valid."),
    pwt: flag(3, "Tables are cached write-through."),
    pcd: flag(4, "Tables are not cached."),
    sre: flag(11, "Supervisor requests are allowed."),
    flptptr: address([63, 12], "Root of the first-stage table."),
  },
  reserved: [
    [2, 1],
    [10, 5],
  ],
});

/** PASID-state table entry of version 2.x, 8 bytes; only deferred invalidations would use it. */
export const PasidStateEntry = layout({
  name: "PASID-state entry",
  width: 64,
  fields: {
    arefcnt: uint([47, 32], "Requests of the PASID that are in use."),
    dinv: flag(63, "An invalidation was deferred."),
  },
  reserved: [
    [31, 0],
    [62, 48],
  ],
});

/**
 * The bits that must be 0 in a present PASID entry.
 *
 * Reading: under nesting the root is an address of the second stage, as the PASID table's is: no
 * bit of it is reserved, and one beyond the stage's width faults for that (4h).
 */
export const extendedPasidReserved = (profile: Profile, nested: boolean): bigint =>
  ExtendedPasidEntry.reservedMask |
  (nested ? 0n : bitMask(63, profile.haw)) |
  (profile.supervisorRequests ? 0n : ExtendedPasidEntry.mask("sre"));
