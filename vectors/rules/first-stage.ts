import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import {
  dmaOf,
  facet,
  factOf,
  has,
  invalidates,
  isOn,
  isSamePage,
  sequence,
  some,
  tablesOf,
} from "./facet.ts";

const landed = (told: Told): boolean => has(told, "DmaLanded") && isOn(told);
const reasonOf = (told: Told): number | undefined =>
  factOf(told, "DmaBlocked")?.reason ?? factOf(told, "TranslationBlocked")?.reason;

const firstStage = (
  test: (found: NonNullable<ReturnType<typeof tablesOf>>, told: Told) => boolean,
) =>
  some((told) => {
    const found = tablesOf(told);
    return found?.space !== undefined && test(found, told);
  });

/** What a request set in the guest's tables on its way. */
const updates = (told: Told): boolean => dmaOf(told) !== undefined && has(told, "MemoryWritten");

/** A DMA that lands after an invalidation of first stages that a test accepts. */
const after = (
  test: (told: Told, fact: NonNullable<ReturnType<typeof invalidation>>) => boolean,
): Facet["shows"] =>
  sequence(
    (told) => {
      const found = invalidation(told);
      return found !== undefined && test(told, found);
    },
    (told) => tablesOf(told)?.space !== undefined,
  );
const invalidation = (told: Told) => factOf(told, "PasidIotlbInvalidated");

/** First stages and nesting. */
export const firstStageFacets: readonly Facet[] = [
  facet(
    "FS1",
    "accessed",
    some((told) => updates(told) && dmaOf(told)?.access === "read" && landed(told)),
  ),
  facet(
    "FS1",
    "dirty",
    some((told) => updates(told) && dmaOf(told)?.access === "write" && landed(told)),
  ),
  facet(
    "FS1",
    "extended",
    some((told) => updates(told) && landed(told) && tablesOf(told)?.space?.eafe === true),
  ),
  facet(
    "FS2",
    "",
    some((told) => updates(told) && has(told, "DmaBlocked")),
  ),
  facet(
    "FS3",
    "5 levels",
    firstStage(({ space }) => space?.levels === 5),
  ),
  facet(
    "FS3",
    "2M",
    firstStage((_, told) => factOf(told, "DmaTranslated")?.size === "2M"),
  ),
  facet(
    "FS3",
    "1G",
    firstStage((_, told) => factOf(told, "DmaTranslated")?.size === "1G"),
  ),
  facet(
    "FS3",
    "canonical",
    some((told) => reasonOf(told) === 0x80),
  ),
  facet(
    "FS4",
    "read-only written",
    firstStage((_, told) => {
      const translated = factOf(told, "DmaTranslated");
      return translated?.access === "write" && translated.privileged === true;
    }),
  ),
  facet(
    "FS4",
    "WPE",
    some((told) => reasonOf(told) === 0x85 && dmaOf(told)?.privileged === true),
  ),
  facet(
    "FS4",
    "SMEP",
    some((told) => reasonOf(told) === 0x82 && dmaOf(told)?.privileged === true),
  ),
  facet(
    "FS5",
    "",
    some((told) => reasonOf(told) === 0x87),
  ),
  facet(
    "FC3",
    "",
    sequence(
      (told) => reasonOf(told) === 0x71 && dmaOf(told) !== undefined,
      (told, earlier) => isSamePage(told, earlier) && landed(told),
      invalidates,
    ),
  ),
  facet(
    "FC4",
    "",
    after((_, { scope, leafOnly }) => scope === "page" && leafOnly !== true),
  ),
  facet(
    "FC8",
    "",
    after((told, { length = 0n }) => length > 4096n << BigInt(told.before.profile.mamv)),
  ),
  facet(
    "NE1",
    "",
    firstStage(({ space }) => space?.second !== undefined),
  ),
  facet(
    "NE2",
    "",
    sequence(
      (told) => has(told, "IotlbInvalidated"),
      (told) => tablesOf(told)?.space?.second !== undefined,
    ),
  ),
  facet(
    "NE3",
    "",
    some((told, { profile }) => reasonOf(told) === 0x5b && !profile.nest && profile.flts),
  ),
  facet(
    "NE4",
    "",
    firstStage(({ space }) => space?.second !== undefined && space.virtual),
  ),
  facet(
    "IV6",
    "",
    after(() => true),
  ),
  facet("AD1", "", some(updates)),
];
