import type { Gpa, Hpa, Iova, SourceId } from "../events/address.ts";
import { gpa, hpa, iova, pageOf } from "../events/address.ts";
import type { Access, InputOf } from "../events/input.ts";
import type { Device, Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import {
  frameOf,
  hasFrame,
  ok,
  readCode,
  sizeName,
  sizeOf,
  writeCode,
} from "../projections/mapping.ts";
import { ownerGuest, ownerPage } from "../projections/p2m.ts";
import { get } from "../projections/page-tree.ts";
import type { Answer } from "./answer.ts";
import { answerFor, faultOf } from "./answer.ts";
import { refreshHosts } from "./attach.ts";
import { request } from "./charts/request.ts";
import { reportFault } from "./fault.ts";
import { isProtected } from "./protected-memory.ts";
import type { Turn } from "./turn.ts";
import { advanceChart, guestIn, refuse } from "./turn.ts";

/** A DMA as it comes: whole, or the first of its two phases. */
type Dma = InputOf<"Dma"> | InputOf<"DmaIssue">;

function block(
  turn: Turn,
  dma: Dma,
  access: Access,
  why: { reason: number } | { host: "hole" | "protected" | "unassigned" | "refused" },
): void {
  const blocked = { type: "DmaBlocked", device: dma.device, iova: dma.iova, access, ...why };
  advanceChart(turn, request, "issued", { type: "Block", blocked });
}

/** The guest page that a host frame backs: what is cached may be older than the guest stage. */
function guestPageOf(turn: Turn, frame: number): number | undefined {
  const owner = get(turn.world.owners, frame);
  return hasFrame(owner) && ownerGuest(owner) === turn.index ? ownerPage(owner) : undefined;
}

/** A DMA that its host entry translates: what the facts say of it. */
function pass(turn: Turn, dma: Dma, access: Access, given: Answer): void {
  const offset = dma.iova & 0xfffn;
  const tag = dma.type === "DmaIssue" ? { tag: dma.tag } : {};
  const bytes = access === "write" && dma.bytes !== undefined ? { bytes: dma.bytes } : {};
  const to: { gpa?: Gpa; hpa?: Hpa } = {};
  const gfn = guestPageOf(turn, frameOf(given.mapping)) ?? given.gfn;
  if (gfn !== undefined) to.gpa = gpa((BigInt(gfn) << 12n) + offset);
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
const isInterrupt = (address: Iova): boolean => address >= 0xfee0_0000n && address <= 0xfeef_ffffn;

function interrupt(turn: Turn, dma: Dma, device: Device): void {
  const data = [...(dma.bytes ?? [])].reduce((sum, byte, lane) => sum + byte * 256 ** lane, 0);
  const message = { device: device.requester, iova: iova(dma.iova), data: data % 2 ** 32 };
  advanceChart(turn, request, "issued", { type: "Interrupt", ...message });
}

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

/**
 * The entry that a request meets; what is not present is not cached without caching mode, so it is
 * read again.
 */
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
  if (access === "write" && isInterrupt(dma.iova)) {
    interrupt(turn, dma, device);
    return;
  }
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
    interrupt(turn, dma, device);
    return;
  }
  const entry = entryOf(turn, device.requester);
  if (entry === undefined) block(turn, dma, dma.access ?? "read", { host: "unassigned" });
  else translate(turn, dma, device, entry);
}
