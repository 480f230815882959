import { pageOf } from "../../events/address.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { arena } from "../../properties/world/arena.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { dmaOf, entryOf, facet, fact, factOf, has, isOn, some, tablesOf } from "./facet.ts";

const landed = (told: Told): boolean => has(told, "DmaLanded") && isOn(told);
const reasonOf = (told: Told): number | undefined =>
  factOf(told, "DmaBlocked")?.reason ?? factOf(told, "TranslationBlocked")?.reason;

/**
 * Reasons of scalable mode that the model raises for DMA of a target: 91h takes a table in a page
 * that the host lets nobody write, and no request of a target changes the P2M.
 */
const reasons = [
  ...[0x30, 0x31, 0x38, 0x39, 0x3a, 0x40, 0x41, 0x42, 0x45, 0x46, 0x48, 0x50, 0x51, 0x52],
  ...[0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77],
  ...[0x78, 0x79, 0x7a, 0x7b, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87],
];

const firstStage = (
  test: (found: NonNullable<ReturnType<typeof tablesOf>>, told: Told) => boolean,
) =>
  some((told) => {
    const found = tablesOf(told);
    return found?.space !== undefined && test(found, told);
  });

/** A PASID-cache invalidation by which an entry became another. */
const renewed = (scope: "pasid" | "domain" | "global"): Facet["shows"] =>
  some(
    (told) =>
      factOf(told, "PasidCacheInvalidated")?.scope === scope && has(told, "HostEntryChanged"),
  );

const isScalable = ({ before }: Told): boolean => ((before.rootPointer >> 10n) & 3n) === 1n;

/** Scalable mode: contexts, PASID entries, and the reasons of faults. */
export const scalableFacets: readonly Facet[] = [
  ...reasons.map((reason) =>
    facet(
      "SM1",
      `${reason.toString(16)}h`,
      some((told) => reasonOf(told) === reason),
    ),
  ),
  facet(
    "SM2",
    "first stage with PASID",
    firstStage(
      ({ space }, told) => space?.second === undefined && dmaOf(told)?.pasid !== undefined,
    ),
  ),
  facet(
    "SM2",
    "first stage without PASID",
    firstStage(
      ({ space }, told) => space?.second === undefined && dmaOf(told)?.pasid === undefined,
    ),
  ),
  facet(
    "SM2",
    "second stage",
    some(
      (told) =>
        isScalable(told) &&
        tablesOf(told)?.entry.root !== undefined &&
        tablesOf(told)?.space === undefined,
    ),
  ),
  facet(
    "SM2",
    "both",
    firstStage(({ space }) => space?.second !== undefined),
  ),
  facet(
    "SM2",
    "none",
    some((told) => isScalable(told) && landed(told) && entryOf(told)?.state === "passThrough"),
  ),
  facet(
    "SM3",
    "PASID",
    fact("FaultRecorded", ({ pasid }) => pasid !== undefined),
  ),
  facet(
    "SM3",
    "execute",
    fact("FaultRecorded", ({ pasid, execute }) => pasid !== undefined && execute === true),
  ),
  facet(
    "SM3",
    "supervisor",
    fact("FaultRecorded", ({ pasid, privileged }) => pasid !== undefined && privileged === true),
  ),
  facet(
    "SM4",
    "",
    some((told) => isScalable(told) && has(told, "FaultSuppressed") && dmaOf(told) !== undefined),
  ),
  facet("PE1", "PASID", renewed("pasid")),
  facet("PE1", "domain", renewed("domain")),
  facet("PE1", "global", renewed("global")),
  facet(
    "PE2",
    "",
    some(
      (told) =>
        factOf(told, "PasidCacheInvalidated")?.did === 0 &&
        told.facts.some((each) => {
          if (each.type !== "HostEntryChanged" || each.state === "blocked") return false;
          return hostAt(told.before.hosts, each.source, each.pasid)?.state === "blocked";
        }),
    ),
  ),
  facet(
    "PE5",
    "",
    firstStage(({ entry }, told) => dmaOf(told)?.pasid === undefined && (entry.tag ?? 0) > 0),
  ),
  facet(
    "PE8",
    "",
    some((told) => {
      const write = factOf(told, "DmaLanded");
      return (
        isOn(told) &&
        write?.access === "write" &&
        arena.pasidTables.some((page) => page === pageOf(write.gpa ?? 0n))
      );
    }),
  ),
];
