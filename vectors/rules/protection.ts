import { at } from "../../events/registers/offset.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { entryOf, facet, fact, factOf, has, isOn, some, tablesOf, written } from "./facet.ts";

const landed = (told: Told): boolean => has(told, "DmaLanded");
const protectionOn = ({ before }: Told): boolean => before.charts.protection === "enabled";

/** Protected memory. */
export const protectionFacets: readonly Facet[] = [
  facet("PR1", "", fact("ProtectedMemoryEnabled")),
  facet(
    "PR2",
    "",
    fact("DmaBlocked", ({ host }) => host === "protected"),
  ),
  facet(
    "PR3",
    "",
    written(
      at.plmlimit,
      ({ value }, told) => told.before.profile.plmr && (value & 0x1f_ffffn) !== 0n,
    ),
  ),
  facet(
    "PR4",
    "",
    some(
      (told) =>
        factOf(told, "DmaBlocked")?.host === "protected" &&
        isOn(told) &&
        entryOf(told)?.state === "passThrough",
    ),
  ),
  facet(
    "PR5",
    "",
    some((told) => protectionOn(told) && landed(told) && tablesOf(told) !== undefined),
  ),
  facet(
    "PR6",
    "",
    written(at.phmbase, ({ size }, told) => size === 8 && told.before.profile.phmr),
  ),
  facet("PR7", "", ({ profile }) => !profile.plmr && !profile.phmr),
];
