import type { Fact } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { isWeb, shadowAt } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { hasFrame } from "../../tables/mapping.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";
import { ownerGuest, ownerPage } from "../../tables/p2m.ts";
import { get } from "../../tables/page-tree.ts";
import { keyOf } from "../oracle/host-kernel.ts";
import type { Hardware } from "../oracle/host-reach.ts";
import type { Unit } from "../oracle/walk.ts";
import type { DeviceBook } from "./device-book.ts";
import { follow, newDeviceBook } from "./device-book.ts";
import { hostAnswer } from "./host-answer.ts";
import { isProtected } from "./host-refusals.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** What the host was told besides the guest's own affairs: devices, who is kept out, migration. */
export interface HostBook {
  readonly devices: DeviceBook;
  /** By guest, the requesters that are kept out, by `keyOf`. */
  readonly kept: readonly Set<number>[];
  /** By guest, whether what devices write is noted. */
  readonly dirty: boolean[];
}

export const newHostBook = (run: Run): HostBook => ({
  devices: newDeviceBook(run),
  kept: run.start.guests.map(() => new Set<number>()),
  dirty: run.start.guests.map(() => false),
});

function followFact({ kept }: HostBook, fact: Fact): void {
  if (fact.type !== "DeviceKeptOut" && fact.type !== "DeviceLetIn") return;
  const key = keyOf({ source: fact.source, pasid: fact.pasid });
  if (fact.type === "DeviceKeptOut") kept[guestIndex(fact)]?.add(key);
  else kept[guestIndex(fact)]?.delete(key);
}

/** Nobody is kept out any more whom no device of a guest sends as. */
function forgetGone({ devices, kept }: HostBook, index: number): void {
  const left = new Set([...(devices[index]?.values() ?? [])].map(({ requester }) => requester));
  for (const key of kept[index] ?? []) if (!left.has(key % 0x1_0000)) kept[index]?.delete(key);
}

/** Follows up what a step was told. */
export function followHost(book: HostBook, step: Step): void {
  const { input, facts } = step;
  follow(book.devices, step);
  if (input.type === "DeviceRemove") forgetGone(book, guestIndex(input));
  for (const fact of facts) followFact(book, fact);
  const isRefused = facts[0]?.type === "InputRefused";
  if (input.type === "DirtyTracking" && !isRefused) book.dirty[guestIndex(input)] = input.enabled;
}

/** What the host must do with the requests of one requester. */
export interface Wanted {
  readonly key: number;
  readonly entry: HostEntry;
  /** Blocked whatever its tables say. */
  readonly isBlocked: boolean;
  /** Its tables may be too many to map: it may be blocked instead. */
  readonly isWeb: boolean;
}

const blocks: ReadonlySet<string> = new Set(["blocked", "refused"]);

/** The requesters of a guest's physical devices, as its host entries have them, by `keyOf`. */
export function wantedOf(guest: Guest, book: HostBook): ReadonlyMap<number, Wanted> {
  const devices = [...(book.devices[guest.index]?.values() ?? [])];
  const physical = new Set(devices.flatMap((one) => (one.physical ? [one.requester] : [])));
  const found = new Map<number, Wanted>();
  for (const entry of hostsWhere(guest.hosts)) {
    if (!physical.has(entry.source)) continue;
    const key = keyOf(entry);
    const isKept = book.kept[guest.index]?.has(key) === true;
    const shadow = shadowAt(guest, entry.shadow);
    const isBlocked = isKept || blocks.has(entry.state) || (entry.privileged && !entry.sre);
    found.set(key, { key, entry, isBlocked, isWeb: shadow !== undefined && isWeb(shadow) });
  }
  return found;
}

/**
 * Whether a requester may be blocked where it need not: its tables may be too many to map, and
 * what is protected from requests that nothing translates is not in the one space that lies below
 * others.
 */
export const mayReachLess = ({ charts }: Guest, { entry, isWeb }: Wanted): boolean =>
  isWeb || (charts.protection === "enabled" && entry.state === "nested");

/** The host frame that a plain request is to reach; `undefined` where it is to be blocked. */
export function frameWanted(
  guest: Guest,
  { entry, isBlocked }: Wanted,
  page: number,
  write: boolean,
): number | undefined {
  if (isBlocked) return undefined;
  const { source: sid, pasid } = entry;
  const key = { guest: guest.index, sid, page, ...(pasid === undefined ? {} : { pasid }) };
  const answer = hostAnswer(guest, key, write ? "write" : "read");
  if (answer === undefined || !("hfn" in answer)) return undefined;
  return entry.state === "passThrough" && isProtected(guest, page) ? undefined : answer.hfn;
}

const units = new WeakMap<object, Unit>();

/** What the host's hardware can do, taken to be what the guest's unit says. */
function unitOf({ profile }: Guest): Unit {
  const known = units.get(profile);
  if (known !== undefined) return known;
  const { cap, ecap, haw } = profile;
  const nowhere = { root: 0n, read64: () => undefined, canWrite: () => false };
  const unit = { cap, ecap, haw, ...nowhere };
  units.set(profile, unit);
  return unit;
}

/** The hardware under a guest, with the memory of a world as it sees it. */
export function hardwareOf({ guests, owners }: World, index: number): Hardware | undefined {
  const guest = guests[index];
  if (guest === undefined) return undefined;
  const read64 = (hpa: bigint): bigint | undefined => {
    const owner = get(owners, Number(hpa >> 12n));
    const memory = hasFrame(owner) ? guests[ownerGuest(owner)]?.memory : undefined;
    return memory && wordIn(pageAt(memory, ownerPage(owner)), Number(hpa & 0xff8n));
  };
  return { unit: unitOf(guest), read64 };
}
