import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import { translation } from "../machines/context/translation.ts";
import { remapping } from "../machines/interrupt/remapping.ts";
import { lifeCycle } from "../machines/life/life-cycle.ts";
import { protection } from "../machines/registers/protection.ts";
import { emptyRadix } from "../tables/radix.ts";
import { deviceEvolvers } from "./device/evolve-device.ts";
import { dmaLanded, dmaTranslated } from "./device/evolve-request.ts";
import type { Evolvers } from "./evolver.ts";
import { faultEvolvers, noFaults } from "./fault/faults.ts";
import {
  firstStageCreated,
  firstStageDropped,
  firstStageTablesCached,
  pasidIotlbInvalidated,
} from "./first-stage/evolve-first-stage.ts";
import type { Guest } from "./guest.ts";
import { copyGuest, initialCharts } from "./guest.ts";
import { deviceRemoved, p2mMapped, p2mProtected, p2mUnmapped } from "./host/evolve-toolstack.ts";
import { hostsAfter } from "./host/host-entry.ts";
import {
  interruptEntriesInvalidated,
  interruptEntryCached,
  interruptTableLatched,
} from "./interrupt/evolve-interrupt.ts";
import { noInterruptTable } from "./interrupt/interrupts.ts";
import { deviceTold, unitCreated, unitDestroyed, unitRestored } from "./life/evolve-life.ts";
import { contextTableUsed, tableShadowed, tableShared, unitWrote } from "./memory/evolve-memory.ts";
import { pageRequestEvolvers } from "./page-request/evolve-page-request.ts";
import { noPageRequests } from "./page-request/page-requests.ts";
import { queueEvolvers } from "./queue/evolve-queue.ts";
import { noQueue } from "./queue/queue.ts";
import { registersAfterEvent, registersAfterWrite } from "./registers/event-lines.ts";
import { resetRegisters } from "./registers/registers.ts";
import {
  contextInvalidated,
  hostIotlbFlushed,
  inState,
  iotlbInvalidated,
  pasidCacheInvalidated,
  rootPointerLatched,
  shadowDropped,
  withShadow,
} from "./shadow/evolve-translation.ts";
import {
  emptyShadow,
  gpaLevels,
  shadowBlocked,
  shadowMapped,
  shadowShared,
  shadowUnmapped,
} from "./shadow/shadow.ts";

function withRegisters(guest: Guest, registers: Guest["registers"]): Guest {
  const next = copyGuest(guest);
  next.registers = registers;
  return next;
}

/** The guest with a chart that keeps nothing else in the state that a fact leads to. */
const translationAfter = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { translation: translation.after(guest.charts.translation, fact) });
const remappingAfter = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { remapping: remapping.after(guest.charts.remapping, fact) });
const protectionAfter = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { protection: protection.after(guest.charts.protection, fact) });

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

export const evolvers: Evolvers = {
  ...deviceEvolvers,
  ...queueEvolvers,
  ...faultEvolvers,
  ...pageRequestEvolvers,
  UnitWasReset: unitWasReset,
  UnitCreated: (guest, fact) => unitWasReset(unitCreated(guest, fact), fact),
  UnitDestroyed: (guest, fact) =>
    unitDestroyed(unitWasReset({ ...guest, profile: guest.offered }, fact)),
  UnitRestored: unitRestored,
  RegisterSet: (guest, fact) => withRegisters(guest, registersAfterWrite(guest, fact)),
  MemoryWritten: (guest, fact, seq) => unitWrote(guest, fact.gpa, fact.bytes, seq),

  RootPointerLatched: rootPointerLatched,
  TranslationEnabled: translationAfter,
  TranslationDisabled: (guest, fact) => ({ ...translationAfter(guest, fact), virtualCaches: [] }),
  InterruptTableLatched: interruptTableLatched,
  InterruptRemappingEnabled: remappingAfter,
  InterruptRemappingDisabled: remappingAfter,
  CompatibilityInterruptsAllowed: (guest) => ({ ...guest, compatibilityInterrupts: true }),
  CompatibilityInterruptsBlocked: (guest) => ({ ...guest, compatibilityInterrupts: false }),
  ProtectedMemoryEnabled: protectionAfter,
  ProtectedMemoryDisabled: protectionAfter,

  InterruptEntryCached: interruptEntryCached,
  InterruptEntriesInvalidated: interruptEntriesInvalidated,

  ContextInvalidated: contextInvalidated,
  IotlbInvalidated: iotlbInvalidated,
  PasidCacheInvalidated: pasidCacheInvalidated,
  PasidIotlbInvalidated: pasidIotlbInvalidated,

  HostEntryChanged: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
  HostEntryDropped: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
  ShadowCreated: (guest, fact) => {
    const levels = gpaLevels(guest.profile.haw);
    const shadow = emptyShadow(fact.shadow, fact.did, pageOf(fact.root), fact.levels, levels);
    return {
      ...guest,
      shadows: { ...guest.shadows, [fact.shadow]: shadow },
      nextShadow: fact.shadow + 1,
    };
  },
  ShadowDropped: shadowDropped,
  FirstStageCreated: firstStageCreated,
  FirstStageDropped: firstStageDropped,
  FirstStageTablesCached: firstStageTablesCached,
  TableShadowed: tableShadowed,
  TableShared: tableShared,
  ContextTableUsed: contextTableUsed,
  ShadowMapped: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowMapped(old, fact)),
  ShadowBlocked: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowBlocked(old, fact)),
  ShadowUnmapped: (guest, fact) =>
    withShadow(guest, fact.shadow, (old) => shadowUnmapped(old, fact)),
  ShadowShared: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowShared(old, fact)),
  HostIotlbFlushed: hostIotlbFlushed,

  DmaTranslated: dmaTranslated,
  DmaLanded: dmaLanded,
  DeviceTranslationAnswered: deviceTold,

  EventPended: (guest, fact) => withRegisters(guest, registersAfterEvent(guest, fact)),
  EventUnpended: (guest, fact) => withRegisters(guest, registersAfterEvent(guest, fact)),
  EventSent: (guest, fact) => withRegisters(guest, registersAfterEvent(guest, fact)),

  P2mMapped: p2mMapped,
  P2mUnmapped: p2mUnmapped,
  P2mProtected: p2mProtected,
  DeviceAssigned: (guest, fact) => ({
    ...guest,
    devices: {
      ...guest.devices,
      [fact.device]: {
        source: fact.device,
        physical: fact.physical,
        requester: fact.alias ?? fact.device,
      },
    },
  }),
  DeviceRemoved: deviceRemoved,
};
