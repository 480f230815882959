import type { Gpa, Hpa, Iova, SourceId } from "../events/address.ts";
import { gpa, hpa, iova, pageOf } from "../events/address.ts";
import { reason } from "../events/fault-reason.ts";
import type { Access, InputOf } from "../events/input.ts";
import { Phmbase, Phmlimit, Plmbase, Plmlimit } from "../events/registers/protected-memory.ts";
import type { Device, Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import {
  behindP2m,
  frameOf,
  hasFrame,
  hole,
  mapped,
  ok,
  permission,
  readCode,
  sizeName,
  sizeOf,
  unmapped,
  writeCode,
} from "../projections/mapping.ts";
import { get } from "../projections/page-tree.ts";
import { stored } from "../projections/register-file.ts";
import { at } from "../projections/registers.ts";
import { refreshHosts } from "./attach.ts";
import { request } from "./charts/request.ts";
import { reportFault } from "./fault.ts";
import { pageLimit } from "./synchronise.ts";
import type { Turn } from "./turn.ts";
import { advanceChart, guestIn, refuse } from "./turn.ts";
import { walkTables } from "./walk.ts";

/** A DMA as it comes: whole, or the first of its two phases. */
type Dma = InputOf<"Dma"> | InputOf<"DmaIssue">;

/**
 * What the host's IOMMU, or the device model, answers for a page: a mapping with an outcome for each access, and the
 * guest page behind it where there is one.
 */
export interface Answer {
  readonly mapping: number;
  readonly gfn: number | undefined;
  /** A fault for both accesses, whatever the mapping. */
  readonly fault: number;
}

const answer = (mapping: number, gfn: number | undefined): Answer => ({ mapping, gfn, fault: 0 });
const fails = (fault: number): Answer => ({ mapping: 0, gfn: undefined, fault });

/** What translates nothing: the P2M alone. */
function passThroughAnswer(guest: Guest, page: number, write: boolean): Answer {
  const cached = get(guest.passThroughCache, page);
  if (allows(cached, write)) return answer(cached, page);
  const grant = get(guest.p2m, page);
  if (!hasFrame(grant)) return answer(unmapped(hole, hole), page);
  return answer(behindP2m(mapped(page, ok, ok, 4), grant), page);
}

/** Whether a cached entry serves the access; one that does not is as good as none. */
const allows = (cached: number, write: boolean): boolean =>
  cached !== 0 && (write ? writeCode(cached) : readCode(cached)) === ok;

/** The IOTLB where it holds an entry that allows anything, else the shadow. */
function shadowAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const shadow = guest.shadows[entry.shadow ?? 0];
  if (shadow === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, shadow.levels)) return fails(reason.beyondWidth);
  const stage = get(shadow.stage, page);
  const gfn = hasFrame(stage) ? frameOf(stage) : undefined;
  const cached = get(shadow.iotlb, page);
  return answer(allows(cached, write) ? cached : get(shadow.host, page), gfn);
}

/** What the device model was told before and still holds, else a walk of the guest's tables as they are. */
function virtualAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const { root, levels, did } = entry;
  if (root === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, levels)) return fails(reason.beyondWidth);
  const cache = guest.virtualCaches[did];
  const cached = cache === undefined ? 0 : get(cache.entries, page);
  const stage = allows(cached, write) ? cached : walkTables(guest, root, levels, page);
  if (!hasFrame(stage)) return answer(stage, undefined);
  return answer(behindP2m(stage, get(guest.p2m, frameOf(stage))), frameOf(stage));
}

/** What answers a request of one access for a page, as the host's entry for the requester says. */
export function answerFor(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  switch (entry.state) {
    case "blocked":
      return fails(entry.reason);
    case "shadowed":
      return shadowAnswer(guest, entry, page, write);
    case "virtual":
      return virtualAnswer(guest, entry, page, write);
    case "passThrough": {
      const enabled = guest.charts.translation === "enabled";
      const limit = 2 ** (guest.profile.mgaw - 12);
      if (enabled && page >= limit) return fails(reason.beyondWidth);
      return passThroughAnswer(guest, page, write);
    }
    default:
      return answer(unmapped(hole, hole), undefined);
  }
}

const faultOfOutcome: readonly number[] = [
  0,
  0,
  0,
  reason.tableReserved,
  reason.tableAccess,
  reason.contextInvalid,
  reason.interruptRange,
];

/** The fault of one access of an answer: 0 for none, -1 where the P2M grants nothing. */
export function faultOf(given: Answer, write: boolean): number {
  if (given.fault !== 0) return given.fault;
  const code = write ? writeCode(given.mapping) : readCode(given.mapping);
  if (code === ok) return 0;
  if (code === hole) return -1;
  if (code === permission) return write ? reason.writeDenied : reason.readDenied;
  return faultOfOutcome[code] as number;
}

/**
 * Whether a GPA that was not translated lies in a protected region. Source: EDC, PMEN; regions count in 2 MiB.
 */
export function isProtected(guest: Guest, page: number): boolean {
  if (guest.charts.protection !== "enabled") return false;
  const { profile } = guest;
  const address = BigInt(page) << 12n;
  const inside = (base: bigint, limit: bigint): boolean =>
    address >= base && address <= (limit | 0x1f_ffffn);
  const low = (): boolean =>
    inside(
      Plmbase.decode(stored(guest, at.plmbase)).base,
      Plmlimit.decode(stored(guest, at.plmlimit)).limit,
    );
  const high = (): boolean =>
    inside(
      Phmbase.decode(stored(guest, at.phmbase)).base,
      Phmlimit.decode(stored(guest, at.phmlimit)).limit,
    );
  return (profile.plmr && low()) || (profile.phmr && high());
}

function block(
  turn: Turn,
  dma: Dma,
  access: Access,
  why: { reason: number } | { host: "hole" | "protected" | "unassigned" | "refused" },
): void {
  const blocked = { type: "DmaBlocked", device: dma.device, iova: dma.iova, access, ...why };
  advanceChart(turn, request, "issued", { type: "Block", blocked });
}

/** A DMA that its host entry translates: what the facts say of it. */
function pass(turn: Turn, dma: Dma, access: Access, given: Answer): void {
  const offset = dma.iova & 0xfffn;
  const tag = dma.type === "DmaIssue" ? { tag: dma.tag } : {};
  const bytes = access === "write" && dma.bytes !== undefined ? { bytes: dma.bytes } : {};
  const to: { gpa?: Gpa; hpa?: Hpa } = {};
  if (given.gfn !== undefined) to.gpa = gpa((BigInt(given.gfn) << 12n) + offset);
  to.hpa = hpa((BigInt(frameOf(given.mapping)) << 12n) + offset);
  const translated = {
    type: "DmaTranslated",
    ...tag,
    device: dma.device,
    iova: dma.iova,
    access,
    ...to,
    size: sizeName(sizeOf(given.mapping)),
    read: readCode(given.mapping) === ok,
    write: writeCode(given.mapping) === ok,
    length: lengthOf(dma),
    ...bytes,
  };
  const landed = { type: "DmaLanded", ...tag, device: dma.device, access, ...to, ...bytes };
  const inFlight = dma.type === "DmaIssue";
  advanceChart(turn, request, "issued", { type: "Translate", translated, landed, inFlight });
}

const lengthOf = (dma: Dma): number => dma.length ?? dma.bytes?.length ?? 1;

/** A write to this range is an interrupt request, whatever the tables say. */
const isInterrupt = (address: Iova): boolean =>
  address >= 0xfee0_0000n && address <= 0xfeef_ffffn;

function formError(dma: Dma): string | undefined {
  const length = lengthOf(dma);
  if (dma.bytes !== undefined && dma.bytes.length !== length) return "its bytes and length differ";
  if (length < 1) return "it is empty";
  if ((dma.iova & 0xfffn) + BigInt(length) > 4096n) return "it crosses a page";
  return undefined;
}

/** Where the direction was not recorded: a read if the page can be read, else a write. */
function directionOf(guest: Guest, entry: HostEntry, page: number): Access {
  if (faultOf(answerFor(guest, entry, page, false), false) === 0) return "read";
  return faultOf(answerFor(guest, entry, page, true), true) === 0 ? "write" : "read";
}

/** The entry that a request meets; what is not present is not cached without caching mode, so it is read again. */
function entryOf(turn: Turn, requester: SourceId): HostEntry | undefined {
  const guest = guestIn(turn);
  const entry = guest.hosts[requester];
  if (entry?.state !== "blocked" || guest.profile.cachingMode) return entry;
  refreshHosts(turn, [requester]);
  return guestIn(turn).hosts[requester];
}

function translate(turn: Turn, dma: Dma, device: Device, entry: HostEntry): void {
  const guest = guestIn(turn);
  const page = pageOf(dma.iova);
  const access = dma.access ?? directionOf(guest, entry, page);
  const given = answerFor(guest, entry, page, access === "write");
  const fault = faultOf(given, access === "write");
  const untranslated = entry.state === "passThrough";
  if (entry.state === "refused") block(turn, dma, access, { host: "refused" });
  else if (untranslated && fault <= 0 && isProtected(guest, page)) {
    block(turn, dma, access, { host: "protected" });
  } else if (fault > 0) {
    block(turn, dma, access, { reason: fault });
    reportFault(turn, device.requester, fault, page, access, entry.fpd);
  } else if (fault < 0) block(turn, dma, access, { host: "hole" });
  else pass(turn, dma, access, given);
}

/** One DMA request, from the bus to memory or to a fault. */
export function requestDma(turn: Turn, dma: Dma): void {
  const guest = guestIn(turn);
  const error = formError(dma);
  if (error !== undefined) {
    refuse(turn, `DMA: ${error}`);
    return;
  }
  if (dma.type === "DmaIssue" && guest.inFlight[dma.tag] !== undefined) {
    refuse(turn, `DMA: tag ${dma.tag} is in flight already`);
    return;
  }
  const device = guest.devices[dma.device];
  if (device === undefined) {
    block(turn, dma, dma.access ?? "read", { host: "unassigned" });
    return;
  }
  if (dma.access === "write" && isInterrupt(dma.iova)) {
    const data = [...(dma.bytes ?? [])].reduce((sum, byte, lane) => sum + byte * 256 ** lane, 0);
    const interrupt = { device: device.requester, iova: iova(dma.iova), data: data % 2 ** 32 };
    advanceChart(turn, request, "issued", { type: "Interrupt", ...interrupt });
    return;
  }
  const entry = entryOf(turn, device.requester);
  if (entry === undefined) block(turn, dma, dma.access ?? "read", { host: "unassigned" });
  else translate(turn, dma, device, entry);
}
