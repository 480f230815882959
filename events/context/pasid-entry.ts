import { frozen } from "../frozen.ts";
import { layout } from "../layout/layout.ts";
import { address, bitMask, code, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
import { domainReserved } from "./context-entry.ts";

/** PASID directory entry, 8 bytes; PASID bits 19:6 say which. */
export const PasidDirectoryEntry = layout({
  name: "PASID directory entry",
  width: 64,
  fields: {
    present: flag(0, "The entry is valid."),
    fpd: flag(1, "Qualified faults of these PASIDs are not recorded."),
    smptblptr: address([63, 12], "The table of 64 PASID entries."),
  },
  reserved: [[11, 2]],
});

/** The bits that must be 0 in a present PASID directory entry. */
export const directoryReserved = (profile: Profile): bigint =>
  PasidDirectoryEntry.reservedMask | bitMask(63, profile.haw);

/** PASID granular translation types: which tables a PASID's requests are translated by. */
export const pasidTypes = frozen({
  firstStage: 1,
  secondStage: 2,
  nested: 3,
  passThrough: 4,
} as const);

/** PASID table entry, 64 bytes; PASID bits 5:0 say which. Memory types have no effect here. */
export const PasidEntry = layout({
  name: "PASID entry",
  width: 512,
  fields: {
    present: flag(0, "The entry is valid."),
    fpd: flag(1, "Qualified faults of this PASID are not recorded."),
    aw: code([4, 2], { levels3: 1, levels4: 2, levels5: 3 }, "Levels of the second stage."),
    pgtt: code([8, 6], pasidTypes, "PASID granular translation type."),
    ssade: flag(9, "The second stage has accessed and dirty bits."),
    ssptptr: address([63, 12], "Root of the second-stage table."),
    did: uint([79, 64], "Domain-id."),
    pwsnp: flag(87, "Table walks snoop the CPU's caches."),
    pgsnp: flag(88, "Accesses snoop the CPU's caches."),
    cd: flag(89, "Caching is disabled."),
    emte: flag(90, "The memory type is taken from EMT."),
    emt: uint([93, 91], "Memory type."),
    pat: uint([127, 96], "Page attributes."),
    sre: flag(128, "Supervisor requests are allowed."),
    ere: flag(129, "Execute requests are allowed."),
    fspm: code([131, 130], { levels4: 0, levels5: 1 }, "Levels of the first stage."),
    wpe: flag(132, "Read-only pages are read-only for supervisor requests too."),
    nxe: flag(133, "Bit 63 of first-stage entries forbids execution."),
    smep: flag(134, "Supervisor requests do not execute user pages."),
    eafe: flag(135, "The extended accessed bit is set along with the accessed bit."),
    fsptptr: address([191, 140], "Root of the first-stage table."),
  },
  reserved: [
    [5, 5],
    [11, 10],
    [86, 80],
    [95, 94],
    [139, 136],
    [511, 192],
  ],
});

/** The levels of first-stage tables that a code of the field FSPM means, supported or not. */
export const levelsOfMode = (fspm: number): number => fspm + 4;

/** The fields of a PASID entry that are reserved where a capability is missing. */
const lacking: readonly (readonly [(profile: Profile) => boolean, readonly PasidField[]])[] = [
  [({ secondStageDirty, ssts }) => secondStageDirty && ssts, ["ssade"]],
  [({ supervisorRequests }) => supervisorRequests, ["sre"]],
  [({ executeRequests }) => executeRequests, ["ere"]],
  [({ extendedAccessed }) => extendedAccessed, ["eafe"]],
  [({ walkSnoop }) => walkSnoop, ["pwsnp"]],
  [({ snoop }) => snoop, ["pgsnp"]],
  [({ memoryTypes }) => memoryTypes, ["cd", "emte", "emt", "pat"]],
];
type PasidField = keyof typeof PasidEntry.fields;

/**
 * The bits that must be 0 in a present PASID entry, whatever its type.
 *
 * Reading: AW and what else belongs to a stage that the unit lacks is not reserved: Linux writes AW
 * for first stages too, and a type that needs the stage is invalid (5Bh).
 */
export const pasidReserved = (profile: Profile): bigint =>
  lacking
    .filter(([has]) => !has(profile))
    .flatMap(([, fields]) => fields)
    .reduce(
      (mask, field) => mask | PasidEntry.mask(field),
      PasidEntry.reservedMask | domainReserved(profile, 64),
    );

/**
 * The bits of the pointers that a PASID entry of a type uses which lie at or above the host address
 * width. A first-stage root under nesting is an address of the second stage: up to 52 bits.
 *
 * Reading: a pointer that the type does not use is not checked.
 */
export function pasidPointerReserved(profile: Profile, pgtt: number): bigint {
  const second = bitMask(63, profile.haw);
  const first = bitMask(191, 128 + profile.haw);
  if (pgtt === pasidTypes.firstStage) return first;
  if (pgtt === pasidTypes.secondStage) return second;
  return pgtt === pasidTypes.nested ? second | bitMask(191, 128 + 52) : 0n;
}
