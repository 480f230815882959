import { parseMsi, RemappableAddress } from "../../events/interrupt/interrupt-request.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { facet, fact, factOf, has, input, sequence, some } from "./facet.ts";

const blockedBy = (reason: number): Facet["shows"] =>
  fact("InterruptBlocked", (blocked) => blocked.reason === reason);
const reasons = [0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28];
const isRemapping = ({ before }: Told): boolean => before.charts.remapping === "enabled";

/** An entry that was used, changed and announced, and is used again. */
const renewed = (test: (told: Told) => boolean): Facet["shows"] =>
  sequence(
    (told) => has(told, "InterruptEntriesInvalidated") && test(told),
    (told) =>
      told.input.type === "MsiRequest" && isRemapping(told) && has(told, "InterruptEntryCached"),
  );

const remapped = (test: (told: Told) => boolean): Facet["shows"] =>
  fact("InterruptDelivered", ({ index }, told) => index !== undefined && test(told));

/** Interrupt remapping and posting. */
export const interruptFacets: readonly Facet[] = [
  facet(
    "IR1",
    "delivered",
    remapped(() => true),
  ),
  facet("IR1", "blocked", fact("InterruptBlocked")),
  facet(
    "IR2",
    "",
    renewed(() => true),
  ),
  facet("IR3", "", fact("InterruptPosted")),
  facet(
    "IR4",
    "",
    some((told) => has(told, "InterruptBlocked") && has(told, "FaultRecorded")),
  ),
  facet(
    "IN1",
    "",
    input("MsiRequest", (_, told) => !isRemapping(told) && has(told, "InterruptDelivered")),
  ),
  facet(
    "IN2",
    "",
    remapped(() => true),
  ),
  facet(
    "IN3",
    "",
    remapped(({ before }) => !before.interruptTable.eime),
  ),
  facet(
    "IN4",
    "",
    input("MsiRequest", ({ address, data }, told) => {
      const { index } = parseMsi(address, data);
      return (
        index !== undefined &&
        (address & RemappableAddress.mask("shv")) !== 0n &&
        (data & 0xffff) !== 0 &&
        factOf(told, "InterruptDelivered")?.index !== undefined
      );
    }),
  ),
  facet(
    "IN5",
    "",
    input(
      "MsiRequest",
      ({ device }, told) =>
        (device as number) === 0x208 &&
        isRemapping(told) &&
        factOf(told, "InterruptDelivered")?.index !== undefined,
    ),
  ),
  facet(
    "IN6",
    "index",
    renewed((told) => factOf(told, "InterruptEntriesInvalidated")?.count === 1),
  ),
  facet(
    "IN6",
    "block",
    renewed((told) => (factOf(told, "InterruptEntriesInvalidated")?.count ?? 0) > 1),
  ),
  facet(
    "IN6",
    "all",
    renewed((told) => factOf(told, "InterruptEntriesInvalidated")?.first === undefined),
  ),
  facet(
    "IN8",
    "",
    sequence(
      (told, { profile }) =>
        profile.esirtps &&
        has(told, "InterruptTableLatched") &&
        told.before.charts.remapping !== "noTable",
      (told) =>
        told.input.type === "MsiRequest" && isRemapping(told) && has(told, "InterruptEntryCached"),
      (told) =>
        has(told, "InterruptEntriesInvalidated") &&
        told.input.type === "RegisterWrite" &&
        !has(told, "InterruptTableLatched"),
    ),
  ),
  facet(
    "IN9",
    "",
    some((told) => isRemapping(told) && has(told, "EventSent")),
  ),
  ...reasons.map((reason) => facet(`IB${reason.toString(16)}`, "", blockedBy(reason))),
  facet(
    "IB22",
    "suppressed",
    fact("FaultSuppressed", ({ reason }) => reason === 0x22),
  ),
  facet(
    "PI1",
    "",
    fact("InterruptPosted", (_, told) => has(told, "NotificationSent")),
  ),
  facet(
    "PI3",
    "suppressed",
    fact("InterruptPosted", ({ urgent }, told) => !urgent && !has(told, "NotificationSent")),
  ),
  facet(
    "PI3",
    "urgent",
    fact("InterruptPosted", ({ urgent }, told) => urgent && has(told, "NotificationSent")),
  ),
  facet(
    "MV1",
    "",
    fact(
      "InterruptDelivered",
      ({ destination, index }) => index !== undefined && destination > 0xff,
    ),
  ),
];
