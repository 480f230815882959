import type { Fact, FactOf } from "../../events/fact.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { emptyRadix } from "../../tables/radix.ts";
import { noDeviceTlbs } from "../device/device-tlb.ts";
import type { Evolvers } from "../evolver.ts";
import { noFaults } from "../fault/faults.ts";
import type { Draft, Guest } from "../guest.ts";
import { initialCharts } from "../guest.ts";
import { noInterruptTable } from "../interrupt/interrupts.ts";
import { drainBuffer } from "../memory/seen-by-unit.ts";
import { noPageRequests } from "../page-request/page-requests.ts";
import { noQueue } from "../queue/queue.ts";
import { resetRegisters } from "../registers/registers.ts";
import { restoredState } from "./restored-state.ts";
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

/**
 * A guest that is about to have a unit with the fact's base and capabilities.
 *
 * Reading: the write buffer is the unit's, so the new one sees what waited in that of the one
 * before. What the CPU's caches hold it does not see.
 */
function createUnit(guest: Draft<Guest>, fact: FactOf<"UnitCreated">, seq: number): void {
  drainBuffer(guest, seq);
  guest.profile = profileFrom(guest.offered, fact);
  guest.base = fact.base;
  resetUnit(guest, fact);
}

/**
 * A guest whose unit was just reset, without it: the host has taken translation requests and page
 * requests from its devices.
 */
function destroyUnit(guest: Draft<Guest>, fact: Fact): void {
  guest.profile = guest.offered;
  resetUnit(guest, fact);
  guest.deviceTlbs = noDeviceTlbs;
  guest.pageRequests = noPageRequests;
}

/** The unit as a record has it; one that cannot be changes nothing. */
function restoreUnit(guest: Draft<Guest>, fact: FactOf<"UnitRestored">): void {
  try {
    Object.assign(guest, restoredState(guest, fact.record));
    guest.hostEpoch += 1;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
  }
}

/** Everything of the unit as after a reset; memory, P2M and devices stay, with what they hold. */
function resetUnit(guest: Draft<Guest>, fact: Fact): void {
  guest.registers = resetRegisters(guest.profile);
  guest.charts = { ...initialCharts, life: lifeCycle.after(guest.charts.life, fact) };
  guest.rootPointer = 0n;
  guest.compatibilityInterrupts = false;
  guest.interruptTable = noInterruptTable;
  guest.interruptCache = emptyRadix();
  guest.queue = noQueue;
  guest.faults = noFaults(guest.profile.nfr);
  guest.virtualCaches = [];
  guest.pageRequests = { ...guest.pageRequests, state: noPageRequests.state };
}

/** What facts about a unit as a whole do. */
export const lifeEvolvers: Evolvers = {
  UnitWasReset: resetUnit,
  UnitCreated: createUnit,
  UnitDestroyed: destroyUnit,
  UnitRestored: restoreUnit,
};
