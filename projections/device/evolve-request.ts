import { gpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import { rememberCached } from "../../tables/cache.ts";
import {
  mapped,
  ok,
  pagesOfSize,
  permission,
  sizeCode,
  sizeName,
  sizeOf,
} from "../../tables/mapping.ts";
import { emptyTree } from "../../tables/page-tree.ts";
import { fill } from "../../tables/page-tree-change.ts";
import type { Evolvers } from "../evolver.ts";
import { withSpace } from "../first-stage/evolve-first-stage.ts";
import { classOf, translationCached } from "../first-stage/space.ts";
import type { Guest, InFlight } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import type { HostEntry } from "../host/host-entry.ts";
import { hostAt } from "../host/host-entry.ts";
import { unitWrote } from "../memory/evolve-memory.ts";
import { withIotlb } from "../shadow/shadow.ts";
import { shadowAt, withShadow } from "../shadow/shadows.ts";
import { deviceAt } from "./devices.ts";
import { virtualCacheOf } from "./virtual-cache.ts";

/** Whose tables a device model was told of. */
type Tables = Pick<HostEntry, "did" | "levels"> & { readonly root: number };

/** A device model was told a translation of some tables. */
function toldVirtual(
  guest: Guest,
  { did, root, levels }: Tables,
  page: number,
  value: number,
  seq: number,
): Guest {
  const key = { did, root, levels };
  const known = virtualCacheOf(guest, key);
  const cache = known ?? { ...key, entries: emptyTree(5, true), since: emptyTree(5, false) };
  const entries = rememberCached(cache.entries, page, value);
  if (entries === cache.entries) return guest;
  const block = pagesOfSize[sizeOf(value)] as number;
  const first = page - (page % block);
  const since = fill(cache.since, first, first + block, seq);
  const next = { ...key, entries, since };
  const others = guest.virtualCaches.filter((one) => one !== known);
  return { ...guest, virtualCaches: [...others, next] };
}

/** What a device's TLB translates, the unit does not. */
function dmaTranslated(guest: Guest, fact: FactOf<"DmaTranslated">, seq: number): Guest {
  const isLater = dmaRequest.after(dmaRequest.initial, fact) === "inFlight";
  const next = isLater ? issued(guest, fact) : guest;
  return fact.translated === true ? next : remembered(next, fact, seq);
}

/** What the unit gave to a device's request. */
type Given = Pick<
  FactOf<"DmaTranslated">,
  "device" | "iova" | "pasid" | "privileged" | "execute" | "gpa" | "hpa" | "size" | "read" | "write"
>;

/** The guest with a translation in the caches that its host entry uses. */
export function remembered(next: Guest, fact: Given, seq: number): Guest {
  const host = hostOfDevice(next, fact.device, fact.pasid);
  const read = fact.read ? ok : permission;
  const write = fact.write ? ok : permission;
  const page = pageOf(fact.iova);
  const size = sizeCode(fact.size);
  if (host === undefined) return next;
  if (host.space !== undefined) {
    const frame = host.state === "virtual" ? fact.gpa : fact.hpa;
    if (frame === undefined) return next;
    const kind = classOf(fact.privileged === true || host.privileged, fact.execute === true);
    const value = mapped(pageOf(frame), read, write, size);
    return withSpace(next, host.space, (old) => translationCached(old, kind, page, value, seq));
  }
  if (host.state === "shadowed" && fact.hpa !== undefined && host.shadow !== undefined) {
    const value = mapped(pageOf(fact.hpa), read, write, size);
    return cachedInShadow(next, host.shadow, page, value);
  }
  if (host.state === "virtual" && host.root !== undefined && fact.gpa !== undefined) {
    const value = mapped(pageOf(fact.gpa), read, write, size);
    return toldVirtual(next, { ...host, root: host.root }, page, value, seq);
  }
  if (host.state !== "passThrough" || fact.hpa === undefined) return next;
  const value = mapped(pageOf(fact.hpa), read, write, size);
  return { ...next, passThroughCache: rememberCached(next.passThroughCache, page, value) };
}

/** The host entry that a device's requests meet, with one PASID or without. */
function hostOfDevice(guest: Guest, source: number, pasid: number | undefined) {
  const device = deviceAt(guest, source);
  return device === undefined ? undefined : hostAt(guest.hosts, device.requester, pasid);
}

function cachedInShadow(guest: Guest, id: number, page: number, value: number): Guest {
  const shadow = shadowAt(guest, id);
  if (shadow === undefined) return guest;
  const changed = withIotlb(shadow, rememberCached(shadow.iotlb, page, value));
  if (changed === shadow) return guest;
  const next = copyGuest(guest);
  next.shadows = withShadow(guest.shadows, changed);
  return next;
}

function issued(guest: Guest, fact: FactOf<"DmaTranslated">): Guest {
  const host = hostOfDevice(guest, fact.device, fact.pasid);
  const request: InFlight = {
    device: fact.device,
    access: fact.access,
    pasid: fact.pasid,
    translated: fact.translated === true,
    shadow: fact.translated === true ? undefined : host?.shadow,
    space: fact.translated === true ? undefined : host?.space,
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
  if (fact.tag !== undefined && dmaRequest.after("inFlight", fact) !== "inFlight") {
    const { [fact.tag]: _landed, ...inFlight } = guest.inFlight;
    next = { ...guest, inFlight };
  }
  if (fact.bytes === undefined || fact.gpa === undefined) return next;
  return unitWrote(next, fact.gpa, fact.bytes, seq);
}

/** A device's model was told a page; it may go on using it until an invalidation covers it. */
function deviceTold(guest: Guest, fact: FactOf<"DeviceTranslationAnswered">, seq: number): Guest {
  const requester = deviceAt(guest, fact.device)?.requester ?? -1;
  const host = hostAt(guest.hosts, requester, fact.pasid);
  if (host?.state !== "virtual" || fact.gpa === undefined) return guest;
  const size = sizeCode(fact.size ?? "4K");
  const within = pageOf(fact.iova) % (pagesOfSize[size] as number);
  const address = gpaOfPage(pageOf(fact.gpa) + within);
  return remembered(guest, { ...fact, gpa: address, size: sizeName(size) }, seq);
}

/** What facts about requests do. */
export const requestEvolvers: Evolvers = {
  DmaTranslated: dmaTranslated,
  DmaLanded: dmaLanded,
  DeviceTranslationAnswered: deviceTold,
};
