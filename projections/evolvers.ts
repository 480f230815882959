import { pageOf } from "../events/address.ts";
import type { EventLine } from "../events/fact.ts";
import { emptyRadix } from "../tables/radix.ts";
import { deviceEvolvers } from "./device/evolve-device.ts";
import { dmaLanded, dmaTranslated } from "./device/evolve-request.ts";
import type { Evolvers } from "./evolver.ts";
import {
  faultCleared,
  faultRecorded,
  noFaults,
  queueErrorCleared,
  queueHalted,
} from "./fault/faults.ts";
import {
  firstStageCreated,
  firstStageDropped,
  firstStageTablesCached,
  pasidIotlbInvalidated,
} from "./first-stage/evolve-first-stage.ts";
import type { Guest } from "./guest.ts";
import { copyGuest, initialCharts, noQueue } from "./guest.ts";
import { deviceRemoved, p2mMapped, p2mProtected, p2mUnmapped } from "./host/evolve-toolstack.ts";
import { hostEntryOf, withHost, withoutHost } from "./host/host-entry.ts";
import {
  interruptEntriesInvalidated,
  interruptEntryCached,
  interruptTableLatched,
} from "./interrupt/evolve-interrupt.ts";
import { noInterruptTable } from "./interrupt/interrupts.ts";
import { deviceTold, unitCreated, unitDestroyed, unitRestored } from "./life/evolve-life.ts";
import { contextTableUsed, tableShadowed, tableShared, unitWrote } from "./memory/evolve-memory.ts";
import { descriptorCompleted, withQueue } from "./queue/evolve-queue.ts";
import { stored, withValue } from "./registers/register-file.ts";
import { at, resetRegisters } from "./registers/registers.ts";
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

function withRegister(guest: Guest, offset: number, value: bigint): Guest {
  const next = copyGuest(guest);
  next.registers = withValue(guest.registers, offset, value);
  return next;
}

const controls = { fault: at.fectl, invalidation: at.iectl, pageRequest: at.pectl } as const;

const interruptPending = 1n << 30n;

function pend(guest: Guest, line: EventLine, pending: boolean): Guest {
  const offset = controls[line];
  const old = stored(guest, offset) & ~interruptPending & 0xffff_ffffn;
  return withRegister(guest, offset, pending ? old | interruptPending : old);
}

/** Everything of the unit as after a reset; memory, P2M and devices stay, with what they hold. */
const unitWasReset = (guest: Guest): Guest => ({
  ...guest,
  registers: resetRegisters(guest.profile),
  charts: initialCharts,
  rootPointer: 0n,
  compatibilityInterrupts: false,
  interruptTable: noInterruptTable,
  interruptCache: emptyRadix(),
  queue: noQueue,
  faults: noFaults(guest.profile.nfr),
  virtualCaches: [],
  pageRequests: { ...guest.pageRequests, pending: false, overflow: false },
});

export const evolvers: Evolvers = {
  ...deviceEvolvers,
  UnitWasReset: unitWasReset,
  UnitCreated: (guest, fact) => unitWasReset(unitCreated(guest, fact)),
  UnitDestroyed: (guest) => unitDestroyed(unitWasReset({ ...guest, profile: guest.offered })),
  UnitRestored: unitRestored,
  RegisterSet: (guest, fact) => withRegister(guest, fact.offset, fact.value),
  MemoryWritten: (guest, fact, seq) => unitWrote(guest, fact.gpa, fact.bytes, seq),

  RootPointerLatched: rootPointerLatched,
  TranslationEnabled: (guest) => inState(guest, { translation: "enabled" }),
  TranslationDisabled: (guest) => ({
    ...inState(guest, { translation: "disabled" }),
    virtualCaches: [],
  }),
  InterruptTableLatched: interruptTableLatched,
  InterruptRemappingEnabled: (guest) => inState(guest, { remapping: "enabled" }),
  InterruptRemappingDisabled: (guest) => inState(guest, { remapping: "disabled" }),
  CompatibilityInterruptsAllowed: (guest) => ({ ...guest, compatibilityInterrupts: true }),
  CompatibilityInterruptsBlocked: (guest) => ({ ...guest, compatibilityInterrupts: false }),
  ProtectedMemoryEnabled: (guest) => inState(guest, { protection: "enabled" }),
  ProtectedMemoryDisabled: (guest) => inState(guest, { protection: "disabled" }),

  QueueEnabled: (guest, fact) => withQueue(guest, "idle", { ...noQueue, address: fact.value }),
  QueueDisabled: (guest) => withQueue(guest, "disabled", noQueue),
  QueueStarted: (guest) => withQueue(guest, "fetching"),
  QueueEmptied: (guest) => withQueue(guest, "idle"),
  DescriptorCompleted: descriptorCompleted,
  QueueHalted: (guest, fact) => ({
    ...withQueue(guest, "halted"),
    faults: queueHalted(guest.faults, fact),
  }),
  QueueResumed: (guest) => withQueue(guest, "idle"),
  QueueDraining: (guest) => withQueue(guest, "draining"),
  QueueDrained: (guest) => withQueue(guest, "fetching"),
  QueueErrorCleared: (guest, fact) => ({
    ...guest,
    faults: queueErrorCleared(guest.faults, fact.error),
  }),
  WaitCompleted: (guest, fact) =>
    fact.interrupt ? { ...guest, faults: { ...guest.faults, waitDone: true } } : guest,
  CompletionCleared: (guest) => ({ ...guest, faults: { ...guest.faults, waitDone: false } }),

  InterruptEntryCached: interruptEntryCached,
  InterruptEntriesInvalidated: interruptEntriesInvalidated,

  ContextInvalidated: contextInvalidated,
  IotlbInvalidated: iotlbInvalidated,
  PasidCacheInvalidated: pasidCacheInvalidated,
  PasidIotlbInvalidated: pasidIotlbInvalidated,

  HostEntryChanged: (guest, fact) => ({
    ...guest,
    hosts: withHost(guest.hosts, hostEntryOf(fact)),
  }),
  HostEntryDropped: (guest, fact) => ({ ...guest, hosts: withoutHost(guest.hosts, fact) }),
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

  FaultRecorded: (guest, fact) => ({ ...guest, faults: faultRecorded(guest.faults, fact) }),
  FaultOverflowed: (guest) => ({ ...guest, faults: { ...guest.faults, overflow: true } }),
  OverflowCleared: (guest) => ({ ...guest, faults: { ...guest.faults, overflow: false } }),
  FaultCleared: (guest, fact) => ({ ...guest, faults: faultCleared(guest.faults, fact) }),
  EventPended: (guest, fact) => pend(guest, fact.line, true),
  EventUnpended: (guest, fact) => pend(guest, fact.line, false),
  EventSent: (guest, fact) => pend(guest, fact.line, false),

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
