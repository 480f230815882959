import { pageOf } from "../events/address.ts";
import type { FactOf, FactType } from "../events/fact.ts";
import {
  contentsLost,
  contextTableUsed,
  p2mChanged,
  tableShadowed,
  tableShared,
  unitWrote,
} from "./evolve-memory.ts";
import { faultCleared, faultRecorded, noFaults, queueHalted } from "./faults.ts";
import type { ChartStates, Guest, VirtualCache } from "./guest.ts";
import { copyGuest, initialCharts, noQueue } from "./guest.ts";
import { coversEntry, hostEntryOf } from "./host-entry.ts";
import { mapped, ok, pagesOfSize, permission, sizeCode, sizeOf } from "./mapping.ts";
import { mapPages, p2mMapping, protectPages, unmapPages } from "./p2m.ts";
import { emptyTree, fill } from "./page-tree.ts";
import { stored, withValue } from "./register-file.ts";
import { at, resetRegisters } from "./registers.ts";
import type { Shadow } from "./shadow.ts";
import {
  clearPending,
  dropCached,
  emptyShadow,
  gpaLevels,
  rememberCached,
  shadowBlocked,
  shadowMapped,
  shadowShared,
  shadowUnmapped,
  withIotlb,
} from "./shadow.ts";

/** What a fact of each type does to its guest; a type that is missing changes nothing. */
type Evolvers = {
  readonly [T in FactType]?: (guest: Guest, fact: FactOf<T>, seq: number) => Guest;
};

function inState(guest: Guest, charts: Partial<ChartStates>): Guest {
  const next = copyGuest(guest);
  next.charts = { ...guest.charts, ...charts };
  return next;
}

/** The queue's chart in another state, and the queue as it is then. */
function withQueue(guest: Guest, state: ChartStates["queue"], queue = guest.queue): Guest {
  const { translation, remapping, protection } = guest.charts;
  const next = copyGuest(guest);
  next.charts = { translation, queue: state, remapping, protection };
  next.queue = queue;
  return next;
}

/** The queue once a descriptor is done. */
function descriptorCompleted(guest: Guest, fact: FactOf<"DescriptorCompleted">): Guest {
  const { address, unanswered } = guest.queue;
  const queue = { address, head: fact.head, lastWasWait: fact.wait, unanswered };
  const next = copyGuest(guest);
  next.queue = queue;
  return next;
}

function withRegister(guest: Guest, offset: number, value: bigint): Guest {
  const next = copyGuest(guest);
  next.registers = withValue(guest.registers, offset, value);
  return next;
}

function withShadow(guest: Guest, id: number, change: (shadow: Shadow) => Shadow): Guest {
  const shadow = guest.shadows[id];
  if (shadow === undefined) return guest;
  const changed = change(shadow);
  if (changed === shadow) return guest;
  const next = copyGuest(guest);
  next.shadows = { ...guest.shadows, [id]: changed };
  return next;
}

const controls = { fault: at.fectl, invalidation: at.iectl } as const;
const interruptPending = 1n << 30n;

function pend(guest: Guest, line: "fault" | "invalidation", pending: boolean): Guest {
  const offset = controls[line];
  const old = stored(guest, offset) & ~interruptPending & 0xffff_ffffn;
  return withRegister(guest, offset, pending ? old | interruptPending : old);
}

/** The pages that an IOTLB invalidation covers in a shadow of its domain, or none. */
function coveredPages(
  fact: FactOf<"IotlbInvalidated">,
  did: number,
): readonly [number, number] | undefined {
  if (fact.scope === "global") return [0, Number.MAX_SAFE_INTEGER];
  if (fact.did !== did) return undefined;
  if (fact.scope === "domain") return [0, Number.MAX_SAFE_INTEGER];
  const first = pageOf(fact.iova ?? 0n);
  return [first, first + pageOf(fact.length ?? 0n)];
}

/** The caches of device models without what an invalidation covers. */
function virtualCachesAfter(guest: Guest, fact: FactOf<"IotlbInvalidated">) {
  const keys = Object.keys(guest.virtualCaches);
  if (keys.length === 0) return guest.virtualCaches;
  const caches: Record<number, VirtualCache> = {};
  for (const [key, { entries, since }] of Object.entries(guest.virtualCaches)) {
    const did = Number(key);
    const covered = coveredPages(fact, did);
    const left = covered === undefined ? entries : dropCached(entries, ...covered);
    caches[did] = { entries: left, since };
  }
  return caches;
}

function iotlbInvalidated(guest: Guest, fact: FactOf<"IotlbInvalidated">): Guest {
  const next = copyGuest(guest);
  for (const id in guest.shadows) {
    const shadow = guest.shadows[id] as Shadow;
    const covered = coveredPages(fact, shadow.did);
    if (covered === undefined) continue;
    const [first, end] = covered;
    const cleared = clearPending(shadow, first, end, fact.leafOnly === true);
    const changed = withIotlb(cleared, dropCached(shadow.iotlb, first, end));
    if (changed !== shadow) next.shadows = { ...next.shadows, [id]: changed };
  }
  next.virtualCaches = virtualCachesAfter(guest, fact);
  return next;
}

function contextInvalidated(guest: Guest, fact: FactOf<"ContextInvalidated">): Guest {
  let hosts = guest.hosts;
  for (const host of Object.values(hosts)) {
    if (host.pending === 0 || !coversEntry(fact, host)) continue;
    hosts = { ...hosts, [host.source]: { ...host, pending: 0 } };
  }
  return hosts === guest.hosts ? guest : { ...guest, hosts };
}

function rootPointerLatched(guest: Guest, fact: FactOf<"RootPointerLatched">, seq: number): Guest {
  const enabled = guest.charts.translation === "enabled";
  const translation = enabled ? "enabled" : "disabled";
  const next = { ...inState(guest, { translation }), rootPointer: fact.value };
  if (!enabled || fact.value === guest.rootPointer) return next;
  const hosts = Object.fromEntries(
    Object.entries(guest.hosts).map(([source, host]) => [
      source,
      host.pending === 0 ? { ...host, pending: seq } : host,
    ]),
  );
  return { ...next, hosts };
}

const noVirtualCache: VirtualCache = { entries: emptyTree(5, true), since: emptyTree(5, false) };

/** A device model was told a translation of a domain-id. */
function toldVirtual(guest: Guest, did: number, page: number, value: number, seq: number): Guest {
  const cache = guest.virtualCaches[did] ?? noVirtualCache;
  const entries = rememberCached(cache.entries, page, value);
  if (entries === cache.entries) return guest;
  const block = pagesOfSize[sizeOf(value)] as number;
  const first = page - (page % block);
  const since = fill(cache.since, first, first + block, seq);
  return { ...guest, virtualCaches: { ...guest.virtualCaches, [did]: { entries, since } } };
}

function dmaTranslated(guest: Guest, fact: FactOf<"DmaTranslated">, seq: number): Guest {
  const host = hostOfDevice(guest, fact.device);
  const read = fact.read ? ok : permission;
  const write = fact.write ? ok : permission;
  const page = pageOf(fact.iova);
  const size = sizeCode(fact.size);
  const next = fact.tag === undefined ? guest : issued(guest, fact);
  if (host === undefined) return next;
  if (host.state === "shadowed" && fact.hpa !== undefined && host.shadow !== undefined) {
    const value = mapped(pageOf(fact.hpa), read, write, size);
    return cachedInShadow(next, host.shadow, page, value);
  }
  if (host.state === "virtual" && host.root !== undefined && fact.gpa !== undefined) {
    const value = mapped(pageOf(fact.gpa), read, write, size);
    return toldVirtual(next, host.did, page, value, seq);
  }
  if (host.state !== "passThrough" || fact.hpa === undefined) return next;
  const value = mapped(pageOf(fact.hpa), read, write, size);
  return { ...next, passThroughCache: rememberCached(next.passThroughCache, page, value) };
}

/** The host entry that a device's requests meet. */
function hostOfDevice(guest: Guest, source: number) {
  const device = guest.devices[source];
  return device === undefined ? undefined : guest.hosts[device.requester];
}

function cachedInShadow(guest: Guest, id: number, page: number, value: number): Guest {
  const shadow = guest.shadows[id];
  if (shadow === undefined) return guest;
  const changed = withIotlb(shadow, rememberCached(shadow.iotlb, page, value));
  if (changed === shadow) return guest;
  const next = copyGuest(guest);
  next.shadows = { ...guest.shadows, [id]: changed };
  return next;
}

function issued(guest: Guest, fact: FactOf<"DmaTranslated">): Guest {
  const request = {
    device: fact.device,
    access: fact.access,
    shadow: hostOfDevice(guest, fact.device)?.shadow,
    iova: fact.iova,
    gpa: fact.gpa,
    hpa: fact.hpa,
    length: fact.length,
    bytes: fact.bytes,
  };
  return { ...guest, inFlight: { ...guest.inFlight, [fact.tag ?? 0]: request } };
}

function dmaLanded(guest: Guest, fact: FactOf<"DmaLanded">, seq: number): Guest {
  let next = guest;
  if (fact.tag !== undefined) {
    const { [fact.tag]: _landed, ...inFlight } = guest.inFlight;
    next = { ...guest, inFlight };
  }
  if (fact.bytes === undefined || fact.gpa === undefined) return next;
  return unitWrote(next, fact.gpa, fact.bytes, seq);
}

function p2mMapped(guest: Guest, fact: FactOf<"P2mMapped">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const value = p2mMapping(pageOf(fact.hpa), fact.read, fact.write, sizeCode(fact.pageSize));
  return p2mChanged({ ...guest, p2m: mapPages(guest.p2m, first, end, value) }, guest, first, end, seq);
}

function p2mUnmapped(guest: Guest, fact: FactOf<"P2mUnmapped">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const next = { ...guest, p2m: unmapPages(guest.p2m, first, end) };
  return contentsLost(p2mChanged(next, guest, first, end, seq), first, end);
}

function p2mProtected(guest: Guest, fact: FactOf<"P2mProtected">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const p2m = protectPages(guest.p2m, first, end, fact.read, fact.write);
  return p2mChanged({ ...guest, p2m }, guest, first, end, seq);
}

function hostIotlbFlushed(guest: Guest, fact: FactOf<"HostIotlbFlushed">): Guest {
  const first = pageOf(fact.iova);
  const end = first + pageOf(fact.length);
  if (fact.shadow === undefined) {
    return { ...guest, passThroughCache: dropCached(guest.passThroughCache, first, end) };
  }
  return withShadow(guest, fact.shadow, (shadow) =>
    withIotlb(shadow, dropCached(shadow.iotlb, first, end)),
  );
}

function deviceRemoved(guest: Guest, fact: FactOf<"DeviceRemoved">): Guest {
  const { [fact.device]: device, ...devices } = guest.devices;
  const unanswered = guest.queue.unanswered.filter((source) => source !== fact.device);
  const next = { ...guest, devices, queue: { ...guest.queue, unanswered } };
  if (device === undefined) return next;
  const shared = Object.values(devices).some((other) => other.requester === device.requester);
  if (shared) return next;
  const { [device.requester]: _gone, ...hosts } = guest.hosts;
  return { ...next, hosts };
}

/** Everything of the unit as after a reset; memory, P2M and devices stay. */
const unitWasReset = (guest: Guest): Guest => ({
  ...guest,
  registers: resetRegisters(guest.profile),
  charts: initialCharts,
  rootPointer: 0n,
  compatibilityInterrupts: false,
  queue: noQueue,
  faults: noFaults(guest.profile.nfr),
  virtualCaches: {},
});

function shadowDropped(guest: Guest, fact: FactOf<"ShadowDropped">): Guest {
  const { [fact.shadow]: _gone, ...shadows } = guest.shadows;
  return { ...guest, shadows };
}

const withoutFirst = <T>(items: readonly T[], item: T): readonly T[] => {
  const index = items.indexOf(item);
  return index < 0 ? items : items.toSpliced(index, 1);
};

export const evolvers: Evolvers = {
  UnitWasReset: unitWasReset,
  RegisterSet: (guest, fact) => withRegister(guest, fact.offset, fact.value),
  MemoryWritten: (guest, fact, seq) => unitWrote(guest, fact.gpa, fact.bytes, seq),

  RootPointerLatched: rootPointerLatched,
  TranslationEnabled: (guest) => inState(guest, { translation: "enabled" }),
  TranslationDisabled: (guest) => inState(guest, { translation: "disabled" }),
  InterruptTableLatched: (guest) =>
    guest.charts.remapping === "enabled" ? guest : inState(guest, { remapping: "disabled" }),
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
    faults: { ...guest.faults, [fact.error.toLowerCase()]: false },
  }),
  WaitCompleted: (guest, fact) =>
    fact.interrupt ? { ...guest, faults: { ...guest.faults, waitDone: true } } : guest,
  CompletionCleared: (guest) => ({ ...guest, faults: { ...guest.faults, waitDone: false } }),
  DeviceTlbInvalidated: (guest, fact) => ({
    ...guest,
    queue: { ...guest.queue, unanswered: [...guest.queue.unanswered, fact.device] },
  }),
  DeviceTlbAnswered: (guest, fact) => ({
    ...guest,
    queue: { ...guest.queue, unanswered: withoutFirst(guest.queue.unanswered, fact.device) },
  }),
  DeviceTlbsGivenUp: (guest) => ({ ...guest, queue: { ...guest.queue, unanswered: [] } }),

  ContextInvalidated: contextInvalidated,
  IotlbInvalidated: iotlbInvalidated,

  HostEntryChanged: (guest, fact) => ({
    ...guest,
    hosts: { ...guest.hosts, [fact.source]: hostEntryOf(fact) },
  }),
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
