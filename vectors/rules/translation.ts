import { isInterruptPage, pageOf } from "../../events/address.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { arena } from "../../properties/world/arena.ts";
import { requesterOf } from "../../target/machine.ts";
import { entriesWalked } from "../../target/table-view.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import {
  dmaOf,
  entryOf,
  facet,
  fact,
  factOf,
  has,
  input,
  isOn,
  sequence,
  some,
  tablesOf,
} from "./facet.ts";

const landed = (told: Told): boolean => has(told, "DmaLanded") && isOn(told);
const reasonOf = (told: Told): number | undefined => factOf(told, "DmaBlocked")?.reason;
const denied: ReadonlySet<number | undefined> = new Set([5, 6, 0x79]);

/** Whether a denied request met an entry that has an address bit beyond the host's width, too. */
function isDeniedAndReserved(told: Told): boolean {
  const dma = dmaOf(told);
  if (dma === undefined || !denied.has(reasonOf(told))) return false;
  const walk = entriesWalked(told.before, requesterOf(dma.device), dma.iova);
  const { address } = masksOf(SecondStageEntry);
  const beyond = address & ~((1n << BigInt(told.before.profile.haw)) - 1n);
  return walk?.seen.some(({ entry }) => (entry & beyond) !== 0n) === true;
}

const ofSize = (size: "2M" | "1G"): Facet["shows"] =>
  some((told) => {
    const translated = factOf(told, "DmaTranslated");
    return isOn(told) && translated?.size === size && tablesOf(told)?.entry.root !== undefined;
  });

/** Reasons of legacy mode that a DMA, or a translation request, may end with. */
const legacyReasons = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xe];

/** A context invalidation by which an entry of some sources became another. */
const renewed = (
  test: (scope: NonNullable<ReturnType<typeof invalidated>>, told: Told) => boolean,
): Facet["shows"] =>
  some((told) => {
    const scope = invalidated(told);
    return scope !== undefined && has(told, "HostEntryChanged") && test(scope, told);
  });
const invalidated = (told: Told) => factOf(told, "ContextInvalidated");

export const translationFacets: readonly Facet[] = [
  facet(
    "TR1",
    "",
    some((told) => has(told, "DmaLanded") && !isOn(told)),
  ),
  facet(
    "TR2",
    "",
    fact("DmaTranslated", ({ gpa, iova }, told) => isOn(told) && gpa !== (iova as bigint)),
  ),
  facet(
    "TR3",
    "",
    some((told) => tablesOf(told)?.entry.levels === 3),
  ),
  facet(
    "TR4",
    "lands",
    some((told) => landed(told) && entryOf(told)?.state === "passThrough"),
  ),
  facet(
    "TR4",
    "too wide",
    some((told) => reasonOf(told) === 4 && entryOf(told)?.state === "passThrough"),
  ),
  facet(
    "TR5",
    "",
    some((told) => denied.has(reasonOf(told))),
  ),
  facet("TR6", "", ofSize("2M")),
  facet("TR7", "", ofSize("1G")),
  ...legacyReasons.map((reason) =>
    facet(
      "TR9",
      `${reason.toString(16)}h`,
      some((told) => reasonOf(told) === reason),
    ),
  ),
  facet("TR10", "", some(isDeniedAndReserved)),
  facet(
    "TR11",
    "",
    input(
      "MsiRequest",
      ({ address }, told) =>
        isInterruptPage(pageOf(address)) &&
        isOn(told) &&
        told.facts.some(({ type }) => type.startsWith("Interrupt")),
    ),
  ),
  facet("DM1", "lands", some(landed)),
  facet(
    "DM1",
    "faults",
    some((told) => reasonOf(told) !== undefined),
  ),
  facet(
    "CX2",
    "",
    renewed(
      ({ scope, did }, told) =>
        scope === "domain" &&
        told.facts.some(
          (each) =>
            each.type === "HostEntryChanged" && each.did !== did && each.state !== "blocked",
        ),
    ),
  ),
  facet(
    "CX3",
    "",
    renewed(
      ({ scope, did }, told) =>
        scope === "domain" &&
        did === 0 &&
        told.facts.some((each) => {
          if (each.type !== "HostEntryChanged" || each.state === "blocked") return false;
          return hostAt(told.before.hosts, each.source, each.pasid)?.reason === 2;
        }),
    ),
  ),
  facet(
    "CX4",
    "",
    renewed(
      ({ scope, source, mask = 0 }, told) =>
        scope === "device" &&
        mask > 0 &&
        told.facts.some((each) => each.type === "HostEntryChanged" && each.source !== source),
    ),
  ),
  facet(
    "DV6",
    "",
    some((told) => dmaOf(told)?.device === 0x208 && landed(told) && tablesOf(told) !== undefined),
  ),
  facet(
    "SY7",
    "",
    sequence(
      (told) => {
        const write = factOf(told, "DmaLanded");
        return (
          isOn(told) &&
          write?.access === "write" &&
          arena.tables.some((page) => page === pageOf(write.gpa ?? 0n))
        );
      },
      (told) => landed(told) && tablesOf(told) !== undefined,
    ),
  ),
  facet(
    "IV1",
    "",
    sequence(
      (told) => has(told, "WaitCompleted") && has(told, "IotlbInvalidated"),
      (told) => landed(told) && tablesOf(told) !== undefined,
    ),
  ),
  facet(
    "IV2",
    "",
    sequence(
      (told) => has(told, "IotlbInvalidated"),
      (told) => tablesOf(told)?.entry.root !== undefined,
    ),
  ),
  facet("ME1", "", fact("MemoryWritten")),
];
