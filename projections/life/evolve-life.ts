import type { Fact, FactOf } from "../../events/fact.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { emptyRadix } from "../../tables/radix.ts";
import { noDeviceTlbs } from "../device/device-tlb.ts";
import type { Evolvers } from "../evolver.ts";
import { noFaults } from "../fault/faults.ts";
import type { Guest } from "../guest.ts";
import { initialCharts } from "../guest.ts";
import { noInterruptTable } from "../interrupt/interrupts.ts";
import { noPageRequests } from "../page-request/page-requests.ts";
import { noQueue } from "../queue/queue.ts";
import { resetRegisters } from "../registers/registers.ts";
import { restoreGuest } from "./save-record.ts";
import { RecordError } from "./save-text.ts";

/** The profile of some words: the one that the set-up offers where they are its own. */
function profileFrom(offered: Profile, { ver, cap, ecap }: FactOf<"UnitCreated">): Profile {
  const same = ver === offered.ver && cap === offered.cap && ecap === offered.ecap;
  if (same) return offered;
  try {
    return profileOf({ ver, cap, ecap, haw: offered.haw });
  } catch (error) {
    if (error instanceof ProfileError) return offered;
    throw error;
  }
}

/** A guest that is about to have a unit with the fact's base and capabilities. */
const unitCreated = (guest: Guest, fact: FactOf<"UnitCreated">): Guest => ({
  ...guest,
  profile: profileFrom(guest.offered, fact),
  base: fact.base,
});

/**
 * A guest whose unit was just reset, without it: the host has taken translation requests and page
 * requests from its devices.
 */
const unitDestroyed = (guest: Guest): Guest => ({
  ...guest,
  deviceTlbs: noDeviceTlbs,
  pageRequests: noPageRequests,
  profile: guest.offered,
});

/** The unit as a record has it; one that cannot be changes nothing. */
function unitRestored(guest: Guest, fact: FactOf<"UnitRestored">): Guest {
  try {
    return restoreGuest(guest, fact.record);
  } catch (error) {
    if (error instanceof RecordError) return guest;
    throw error;
  }
}

/** Everything of the unit as after a reset; memory, P2M and devices stay, with what they hold. */
const unitWasReset = (guest: Guest, fact: Fact): Guest => ({
  ...guest,
  registers: resetRegisters(guest.profile),
  charts: { ...initialCharts, life: lifeCycle.after(guest.charts.life, fact) },
  rootPointer: 0n,
  compatibilityInterrupts: false,
  interruptTable: noInterruptTable,
  interruptCache: emptyRadix(),
  queue: noQueue,
  faults: noFaults(guest.profile.nfr),
  virtualCaches: [],
  pageRequests: { ...guest.pageRequests, state: noPageRequests.state },
});

/** What facts about a unit as a whole do. */
export const lifeEvolvers: Evolvers = {
  UnitWasReset: unitWasReset,
  UnitCreated: (guest, fact) => unitWasReset(unitCreated(guest, fact), fact),
  UnitDestroyed: (guest, fact) =>
    unitDestroyed(unitWasReset({ ...guest, profile: guest.offered }, fact)),
  UnitRestored: unitRestored,
};
