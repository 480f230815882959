import type { Draft, Guest } from "./guest.ts";

/**
 * A copy of a guest, to change before anybody else sees it. Written out: a spread costs twenty
 * times as much.
 */
export const copyGuest = (guest: Guest): Draft<Guest> => ({
  index: guest.index,
  profile: guest.profile,
  offered: guest.offered,
  base: guest.base,
  registers: guest.registers,
  charts: guest.charts,
  rootPointer: guest.rootPointer,
  compatibilityInterrupts: guest.compatibilityInterrupts,
  interruptTable: guest.interruptTable,
  interruptCache: guest.interruptCache,
  queue: guest.queue,
  faults: guest.faults,
  memory: guest.memory,
  p2m: guest.p2m,
  tables: guest.tables,
  devices: guest.devices,
  hosts: guest.hosts,
  shadows: guest.shadows,
  nextShadow: guest.nextShadow,
  spaces: guest.spaces,
  nextSpace: guest.nextSpace,
  passThroughCache: guest.passThroughCache,
  virtualCaches: guest.virtualCaches,
  inFlight: guest.inFlight,
  deviceTlbs: guest.deviceTlbs,
  pageRequests: guest.pageRequests,
  hostEpoch: guest.hostEpoch,
  keptOut: guest.keptOut,
  dirtyTracking: guest.dirtyTracking,
});

/** Whether two versions of a guest have nothing that differs; written out as `copyGuest` is. */
export const isSameGuest = (a: Guest, b: Guest): boolean =>
  a.memory === b.memory &&
  a.queue === b.queue &&
  a.shadows === b.shadows &&
  a.registers === b.registers &&
  a.tables === b.tables &&
  a.hosts === b.hosts &&
  a.index === b.index &&
  a.profile === b.profile &&
  a.offered === b.offered &&
  a.base === b.base &&
  a.charts === b.charts &&
  a.rootPointer === b.rootPointer &&
  a.compatibilityInterrupts === b.compatibilityInterrupts &&
  a.interruptTable === b.interruptTable &&
  a.interruptCache === b.interruptCache &&
  a.faults === b.faults &&
  a.p2m === b.p2m &&
  a.devices === b.devices &&
  a.nextShadow === b.nextShadow &&
  a.spaces === b.spaces &&
  a.nextSpace === b.nextSpace &&
  a.passThroughCache === b.passThroughCache &&
  a.virtualCaches === b.virtualCaches &&
  a.inFlight === b.inFlight &&
  a.deviceTlbs === b.deviceTlbs &&
  a.pageRequests === b.pageRequests &&
  a.hostEpoch === b.hostEpoch &&
  a.keptOut === b.keptOut &&
  a.dirtyTracking === b.dirtyTracking;
