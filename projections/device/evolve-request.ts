import { gpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import {
  mapped,
  ok,
  pagesOfSize,
  permission,
  rememberCached,
  sizeCode,
  sizeName,
  sizeOf,
} from "../../tables/mapping.ts";
import { emptyTree, fill } from "../../tables/page-tree.ts";
import type { Evolvers } from "../evolver.ts";
import { changeSpace } from "../first-stage/evolve-first-stage.ts";
import { classOf, translationCached } from "../first-stage/space.ts";
import type { Draft, Guest, InFlight } from "../guest.ts";
import type { HostEntry } from "../host/host-entry.ts";
import { hostAt } from "../host/host-entry.ts";
import { writeByUnit } from "../memory/evolve-memory.ts";
import { shadowAt, withIotlb, withShadow } from "../shadow/shadow.ts";
import { deviceAt } from "./devices.ts";
import { virtualCacheOf } from "./virtual-cache.ts";

/** Whose tables a device model was told of. */
type Tables = Pick<HostEntry, "did" | "levels"> & { readonly root: number };

/** A device model was told a translation of some tables. */
function tellVirtual(
  guest: Draft<Guest>,
  { did, root, levels }: Tables,
  page: number,
  value: number,
  seq: number,
): void {
  const key = { did, root, levels };
  const known = virtualCacheOf(guest, key);
  const cache = known ?? { ...key, entries: emptyTree(5, true), since: emptyTree(5, false) };
  const entries = rememberCached(cache.entries, page, value);
  if (entries === cache.entries) return;
  const block = pagesOfSize[sizeOf(value)] as number;
  const first = page - (page % block);
  const since = fill(cache.since, first, first + block, seq);
  const next = { ...key, entries, since };
  const others = guest.virtualCaches.filter((one) => one !== known);
  guest.virtualCaches = [...others, next];
}

/** What a device's TLB translates, the unit does not. */
function translateDma(guest: Draft<Guest>, fact: FactOf<"DmaTranslated">, seq: number): void {
  if (dmaRequest.after(dmaRequest.initial, fact) === "inFlight") issue(guest, fact);
  if (fact.translated !== true) rememberGiven(guest, fact, seq);
}

/** What the unit gave to a device's request. */
type Given = Pick<
  FactOf<"DmaTranslated">,
  "device" | "iova" | "pasid" | "privileged" | "execute" | "gpa" | "hpa" | "size" | "read" | "write"
>;

/** Puts a translation into the caches that its host entry uses. */
export function rememberGiven(guest: Draft<Guest>, fact: Given, seq: number): void {
  const host = hostOfDevice(guest, fact.device, fact.pasid);
  const read = fact.read ? ok : permission;
  const write = fact.write ? ok : permission;
  const page = pageOf(fact.iova);
  const size = sizeCode(fact.size);
  if (host === undefined) return;
  if (host.space !== undefined) {
    const frame = host.state === "virtual" ? fact.gpa : fact.hpa;
    if (frame === undefined) return;
    const kind = classOf(fact.privileged === true || host.privileged, fact.execute === true);
    const value = mapped(pageOf(frame), read, write, size);
    changeSpace(guest, host.space, (old) => translationCached(old, kind, page, value, seq));
  } else if (host.state === "shadowed" && fact.hpa !== undefined && host.shadow !== undefined) {
    const value = mapped(pageOf(fact.hpa), read, write, size);
    cacheInShadow(guest, host.shadow, page, value);
  } else if (host.state === "virtual" && host.root !== undefined && fact.gpa !== undefined) {
    const value = mapped(pageOf(fact.gpa), read, write, size);
    tellVirtual(guest, { ...host, root: host.root }, page, value, seq);
  } else if (host.state === "passThrough" && fact.hpa !== undefined) {
    const value = mapped(pageOf(fact.hpa), read, write, size);
    guest.passThroughCache = rememberCached(guest.passThroughCache, page, value);
  }
}

/** The host entry that a device's requests meet, with one PASID or without. */
function hostOfDevice(guest: Guest, source: number, pasid: number | undefined) {
  const device = deviceAt(guest, source);
  return device === undefined ? undefined : hostAt(guest.hosts, device.requester, pasid);
}

function cacheInShadow(guest: Draft<Guest>, id: number, page: number, value: number): void {
  const shadow = shadowAt(guest, id);
  if (shadow === undefined) return;
  const changed = withIotlb(shadow, rememberCached(shadow.iotlb, page, value));
  if (changed !== shadow) guest.shadows = withShadow(guest.shadows, changed);
}

function issue(guest: Draft<Guest>, fact: FactOf<"DmaTranslated">): void {
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
  guest.inFlight = { ...guest.inFlight, [fact.tag ?? 0]: request };
}

function landDma(guest: Draft<Guest>, fact: FactOf<"DmaLanded">, seq: number): void {
  if (fact.tag !== undefined && dmaRequest.after("inFlight", fact) !== "inFlight") {
    const { [fact.tag]: _landed, ...inFlight } = guest.inFlight;
    guest.inFlight = inFlight;
  }
  if (fact.bytes === undefined || fact.gpa === undefined) return;
  writeByUnit(guest, fact.gpa, fact.bytes, seq);
}

/** A device's model was told a page; it may go on using it until an invalidation covers it. */
function tellDevice(
  guest: Draft<Guest>,
  fact: FactOf<"DeviceTranslationAnswered">,
  seq: number,
): void {
  const requester = deviceAt(guest, fact.device)?.requester ?? -1;
  const host = hostAt(guest.hosts, requester, fact.pasid);
  if (host?.state !== "virtual" || fact.gpa === undefined) return;
  const size = sizeCode(fact.size ?? "4K");
  const within = pageOf(fact.iova) % (pagesOfSize[size] as number);
  const address = gpaOfPage(pageOf(fact.gpa) + within);
  rememberGiven(guest, { ...fact, gpa: address, size: sizeName(size) }, seq);
}

/** What facts about requests do. */
export const requestEvolvers: Evolvers = {
  DmaTranslated: translateDma,
  DmaLanded: landDma,
  DeviceTranslationAnswered: tellDevice,
};
