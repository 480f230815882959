import { layout } from "../layout/layout.ts";
import { address, bitMask, code, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
import { domainReserved } from "./context-entry.ts";

/** Translation types of extended context entries. */
export const extendedTypes = {
  untranslated: 0,
  all: 1,
  passThrough: 2,
  pasid: 4,
  pasidAll: 5,
} as const;

/**
 * Extended context entry of version 2.x, one a device function, 32 bytes. Memory types have no
 * effect here, nor has PGE: the unit keeps global pages like others.
 *
 * Sources: EDK2 `Vtd.h`, Barrelfish `vtd.dev`, Linux 4.4 to 4.20 `dma_remapping.h`.
 */
export const ExtendedContextEntry = layout({
  name: "Extended context entry",
  width: 256,
  fields: {
    present: flag(0, "The entry is valid."),
    fpd: flag(1, "Qualified faults of this device are not recorded."),
    t: code([4, 2], extendedTypes, "Translation type."),
    emt: uint([7, 5], "Memory type."),
    dinve: flag(8, "Invalidations may be deferred."),
    pre: flag(9, "Page requests are allowed."),
    neste: flag(10, "Requests with PASID go through the second stage too."),
    paside: flag(11, "Requests with PASID are allowed."),
    slptptr: address([63, 12], "Root of the second-stage table."),
    aw: code([66, 64], { levels3: 1, levels4: 2, levels5: 3 }, "Levels of the second stage."),
    pge: flag(67, "Global pages may be kept for every PASID."),
    nxe: flag(68, "Bit 63 of first-stage entries forbids execution."),
    wpe: flag(69, "Read-only pages are read-only for supervisor requests too."),
    cd: flag(70, "Caching is disabled."),
    emte: flag(71, "The memory type is taken from EMT."),
    did: uint([87, 72], "Domain-id."),
    smep: flag(88, "Supervisor requests do not execute user pages."),
    eafe: flag(89, "The extended accessed bit is set along with the accessed bit."),
    ere: flag(90, "Execute requests are allowed."),
    slee: flag(91, "X of second-stage entries says whether execution is allowed."),
    pat: uint([127, 96], "Page attributes."),
    pts: uint([131, 128], "The PASID table has 2^(PTS + 5) entries."),
    pasidptr: address([191, 140], "The PASID table."),
    pasidstptr: address([255, 204], "The PASID-state table."),
  },
  reserved: [
    [95, 92],
    [139, 132],
    [203, 192],
  ],
});

type ContextField = keyof typeof ExtendedContextEntry.fields;

/** A capability that fields need: whether a unit has it, its name, and the fields. */
type Need = readonly [(profile: Profile) => boolean, string, readonly ContextField[]];

/**
 * The fields of an extended context entry that are reserved where a capability is missing.
 *
 * Reading: PGE, NXE, WPE and SMEP need none.
 */
const needs: readonly Need[] = [
  [({ deferredInvalidation }) => deferredInvalidation, "DIS", ["dinve", "pasidstptr"]],
  [({ pageRequests }) => pageRequests, "PRS", ["pre"]],
  [({ nest }) => nest, "NEST", ["neste"]],
  [({ pasid }) => pasid, "PASID", ["paside", "pts", "pasidptr"]],
  [({ executeRequests }) => executeRequests, "ERS", ["ere", "slee"]],
  [({ extendedAccessed }) => extendedAccessed, "EAFS", ["eafe"]],
  [({ memoryTypes }) => memoryTypes, "MTS", ["emt", "cd", "emte", "pat"]],
];

/** Fields that an entry sets and the unit reserves, each with the bit of ECAP that it needs. */
export const fieldsWithoutCapability = (
  profile: Profile,
  entry: bigint,
): readonly (readonly [field: ContextField, capability: string])[] =>
  needs
    .filter(([has]) => !has(profile))
    .flatMap(([, capability, fields]) => fields.map((field) => [field, capability] as const))
    .filter(([field]) => (entry & ExtendedContextEntry.mask(field)) !== 0n);

/**
 * The bits that must be 0 in a present extended context entry: reserved ones, those of capabilities
 * that are missing, addresses of second-stage tables beyond the HAW, and domain-ids wider than
 * CAP.ND allows.
 *
 * Reading: those of capabilities count whether PASIDE is set or not.
 */
export const extendedContextReserved = (profile: Profile): bigint =>
  needs
    .filter(([has]) => !has(profile))
    .flatMap(([, , fields]) => fields)
    .reduce(
      (mask, field) => mask | ExtendedContextEntry.mask(field),
      ExtendedContextEntry.reservedMask | bitMask(63, profile.haw) | domainReserved(profile, 72),
    );

/** The upper bit of each of the eight memory types in PAT. */
const typesReserved = 0x8888_8888n << 96n;

/**
 * What must be 0 besides in an entry whose PASIDs are in use: the upper bit of each memory type,
 * and the address of the PASID table beyond the HAW. Under nesting that is one of the second stage.
 *
 * Reading: without PASIDE, and in an entry that passes without PASIDs (010b), neither counts.
 */
export const pasidPartReserved = (profile: Profile, nested: boolean): bigint =>
  typesReserved | (nested ? 0n : bitMask(191, 128 + profile.haw));
