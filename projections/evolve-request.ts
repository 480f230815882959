import { pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { unitWrote } from "./evolve-memory.ts";
import type { Guest, VirtualCache } from "./guest.ts";
import { copyGuest } from "./guest.ts";
import { rememberCached } from "./iotlb.ts";
import { mapped, ok, pagesOfSize, permission, sizeCode, sizeOf } from "./mapping.ts";
import { emptyTree } from "./page-tree.ts";
import { fill } from "./page-tree-change.ts";
import { withIotlb } from "./shadow.ts";

const noVirtualCache: VirtualCache = { entries: emptyTree(5, true), since: emptyTree(5, false) };

/** A device model was told a translation of a domain-id. */
export function toldVirtual(
  guest: Guest,
  did: number,
  page: number,
  value: number,
  seq: number,
): Guest {
  const cache = guest.virtualCaches[did] ?? noVirtualCache;
  const entries = rememberCached(cache.entries, page, value);
  if (entries === cache.entries) return guest;
  const block = pagesOfSize[sizeOf(value)] as number;
  const first = page - (page % block);
  const since = fill(cache.since, first, first + block, seq);
  return { ...guest, virtualCaches: { ...guest.virtualCaches, [did]: { entries, since } } };
}

export function dmaTranslated(guest: Guest, fact: FactOf<"DmaTranslated">, seq: number): Guest {
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

export function dmaLanded(guest: Guest, fact: FactOf<"DmaLanded">, seq: number): Guest {
  let next = guest;
  if (fact.tag !== undefined) {
    const { [fact.tag]: _landed, ...inFlight } = guest.inFlight;
    next = { ...guest, inFlight };
  }
  if (fact.bytes === undefined || fact.gpa === undefined) return next;
  return unitWrote(next, fact.gpa, fact.bytes, seq);
}
