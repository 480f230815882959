import { at } from "../../events/registers/offset.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { facet, fact, factOf, has, input, sequence, some, written } from "./facet.ts";

const cleared =
  (bits: bigint) =>
  (value: bigint): boolean =>
    (value & bits) !== 0n;
const ip = 0x4000_0000n;
const ppf = 0x2n;

/** Fault recording. */
export const faultFacets: readonly Facet[] = [
  facet("FA1", "", fact("FaultRecorded")),
  facet(
    "FA3",
    "read",
    fact("FaultRecorded", ({ access, page }) => access === "read" && Number(page) !== 0),
  ),
  facet(
    "FA3",
    "write",
    fact("FaultRecorded", ({ access, page }) => access === "write" && Number(page) !== 0),
  ),
  facet("FA4", "", fact("FaultCollapsed")),
  facet(
    "FA5",
    "",
    fact("FaultRecorded", ({ index }) => index > 0),
  ),
  facet("FA6", "overflows", fact("FaultOverflowed")),
  facet(
    "FA6",
    "until cleared",
    sequence(
      (told) => has(told, "FaultOverflowed"),
      (told) => has(told, "OverflowCleared"),
    ),
  ),
  facet("FA7", "clears", fact("FaultCleared")),
  facet(
    "FA7",
    "leaves",
    input("RegisterWrite", ({ offset, value, size }, { before, facts }) => {
      const { fro, nfr } = before.profile;
      const index = Math.floor((offset - fro) / 16);
      const isUpper = (offset - fro) % 16 === 8 && size === 8;
      if (!isUpper || index < 0 || index >= nfr || value >> 63n !== 0n) return false;
      return (
        before.faults.records[index] !== undefined &&
        !facts.some(({ type }) => type === "FaultCleared")
      );
    }),
  ),
  facet(
    "FA8",
    "",
    written(
      at.fsts,
      ({ value }, { before }) =>
        cleared(ppf)(value) && before.faults.records.some((each) => each !== undefined),
    ),
  ),
  facet("FA9", "suppressed", fact("FaultSuppressed")),
  facet(
    "FA9",
    "not present",
    fact("FaultSuppressed", ({ reason }) => reason === 2),
  ),
  facet(
    "FA10",
    "",
    fact("FaultRecorded", ({ source }) => (source as number) === 0x200),
  ),
];

const sends = (told: Told): boolean => has(told, "EventSent") || has(told, "EventPended");

/** The unit's own interrupts. */
export const eventFacets: readonly Facet[] = [
  facet(
    "EV1",
    "",
    sequence(
      (told) => factOf(told, "EventPended")?.line === "invalidation",
      (told) => factOf(told, "EventSent")?.line === "invalidation",
      (told) => has(told, "EventUnpended"),
    ),
  ),
  facet(
    "EV2",
    "",
    some((told) => {
      const { interrupt } = factOf(told, "WaitCompleted") ?? {};
      return interrupt === true && told.before.queue.waitDone && !sends(told);
    }),
  ),
  facet(
    "EV3",
    "",
    fact("EventUnpended", ({ line }) => line === "invalidation"),
  ),
  facet(
    "EV4",
    "",
    fact("EventPended", ({ line }) => line === "fault"),
  ),
  facet(
    "EV5",
    "",
    some((told) => has(told, "FaultRecorded") && !sends(told)),
  ),
  facet(
    "EV6",
    "",
    fact("EventUnpended", ({ line }) => line === "fault"),
  ),
  facet(
    "EV7",
    "",
    some((told) => has(told, "QueueHalted") && sends(told)),
  ),
  facet(
    "EV8",
    "",
    input(
      "RegisterWrite",
      ({ offset, value }) => (offset === at.fectl || offset === at.iectl) && (value & ip) !== 0n,
    ),
  ),
  facet(
    "EV9",
    "sent",
    fact("EventSent", ({ address }) => address !== 0n),
  ),
  facet(
    "EV9",
    "unmasked",
    input("RegisterWrite", ({ offset }, told) => offset === at.fectl && has(told, "EventSent")),
  ),
];
