import type { Gpa, Hpa, Iova, SourceId } from "../../events/address.ts";
import { addressIn, iova as iovaOf, isInterruptPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Access, InputOf } from "../../events/input.ts";
import { parseMsi } from "../../events/interrupt/interrupt-request.ts";
import type { DmaRequestState } from "../../machines/device/dma-request.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import type { Device } from "../../projections/device/devices.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Draft } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { isKeptOut } from "../../projections/host/kept-out.ts";
import {
  frameOf,
  hasFrame,
  ok,
  readCode,
  sizeName,
  sizeOf,
  writeCode,
} from "../../tables/mapping.ts";
import { ownerGuest, ownerPage } from "../../tables/p2m.ts";
import { get } from "../../tables/page-tree.ts";
import { reportFault } from "../fault/fault.ts";
import { leaveTraces } from "../first-stage/walk-effects.ts";
import { refreshHosts } from "../host/attach.ts";
import type { Key } from "../host/tables-for-entry.ts";
import { requestInterrupt } from "../interrupt/interrupt.ts";
import { isProtected } from "../memory/protected-memory.ts";
import type { Turn } from "../turn.ts";
import { advance, ask, guestIn, record, refuse } from "../turn.ts";
import { answerOf } from "./answer-request.ts";
import { tagState } from "./in-flight.ts";
import type { Answer } from "./page-answer.ts";
import { faultOf } from "./page-answer.ts";
import { rightsError, rightsOf } from "./rights.ts";

/** A DMA as it comes: whole, or the first of its two phases. */
export type Dma = InputOf<"Dma"> | InputOf<"DmaIssue">;

/** The state of the chart of a request's tag; one without a tag is never in flight. */
const stateOf = (turn: Turn, dma: Dma): DmaRequestState =>
  dma.type === "DmaIssue" ? tagState(guestIn(turn), dma.tag) : dmaRequest.initial;

/** Records that a DMA is blocked. */
export function block(
  turn: Turn,
  dma: Dma,
  access: Access,
  why: { reason: number } | { host: NonNullable<FactOf<"DmaBlocked">["host"]> },
): void {
  const { device, iova } = dma;
  const blocked = { type: "DmaBlocked", device, iova, access, ...rightsOf(dma), ...why } as const;
  advance(turn, dmaRequest, stateOf(turn, dma), { type: "Block", blocked });
}

/** The guest page that a host frame backs: what is cached may be older than the guest stage. */
export function guestPageOf(turn: Turn, frame: number): number | undefined {
  const owner = get(turn.owners, frame);
  return hasFrame(owner) && ownerGuest(owner) === turn.index ? ownerPage(owner) : undefined;
}

/** A DMA that its host entry, or its device's TLB, translates: what the facts say of it. */
export function pass(turn: Turn, dma: Dma, access: Access, given: Answer): void {
  const { device, iova } = dma;
  const { mapping } = given;
  const offset = Number(BigInt.asUintN(12, iova));
  const frame = frameOf(mapping);
  const address = addressIn<Hpa>(frame, offset);
  const gfn = guestPageOf(turn, frame) ?? given.gfn;
  const where = gfn === undefined ? undefined : addressIn<Gpa>(gfn, offset);
  const size = sizeName(sizeOf(mapping));
  const [read, write] = [readCode(mapping) === ok, writeCode(mapping) === ok];
  const length = lengthOf(dma);
  const type = "DmaTranslated";
  // Of fixed shapes, to which little is added: a spread costs as much as all the rest.
  const translated: Draft<FactOf<"DmaTranslated">> =
    where === undefined
      ? { type, device, iova, access, hpa: address, size, read, write, length }
      : { type, device, iova, access, hpa: address, size, read, write, length, gpa: where };
  const landed: Draft<FactOf<"DmaLanded">> =
    where === undefined
      ? { type: "DmaLanded", device, access, hpa: address }
      : { type: "DmaLanded", device, access, hpa: address, gpa: where };
  if (dma.pasid !== undefined) Object.assign(translated, rightsOf(dma));
  if (dma.translated === true) translated.translated = true;
  if (access === "write" && dma.bytes !== undefined) translated.bytes = landed.bytes = dma.bytes;
  const tag = dma.type === "DmaIssue" ? dma.tag : undefined;
  if (tag !== undefined) translated.tag = landed.tag = tag;
  advance(turn, dmaRequest, stateOf(turn, dma), { type: "Translate", tag, translated, landed });
}

const lengthOf = (dma: Dma): number => dma.length ?? dma.bytes?.length ?? 1;

/** A write to this range is an interrupt request, whatever the tables say. */
export const isInterrupt = (address: Iova): boolean => isInterruptPage(pageOf(address));

/** With PASID it is an address like any other. */
const isInterruptRequest = (dma: Dma): boolean => dma.pasid === undefined && isInterrupt(dma.iova);

function interrupt(turn: Turn, dma: Dma, device: Device): void {
  const data = [...(dma.bytes ?? [])].reduce((sum, byte, lane) => sum + byte * 256 ** lane, 0);
  const message = { device: device.requester, iova: iovaOf(dma.iova), data: data % 2 ** 32 };
  advance(turn, dmaRequest, stateOf(turn, dma), { type: "Interrupt", ...message });
  requestInterrupt(turn, device.requester, parseMsi(dma.iova, message.data));
}

function formError(dma: Dma): string | undefined {
  const length = lengthOf(dma);
  if (dma.bytes !== undefined && dma.bytes.length !== length) return "its bytes and length differ";
  if (length < 1) return "it is empty";
  if (Number(dma.iova & 0xfffn) + length > 4096) return "it crosses a page";
  return rightsError(dma, dma.access === "write");
}

/**
 * The entry that a request meets. One of a PASID that was not used yet is read now; what is not
 * present is not cached without caching mode, so it is read again.
 */
export function entryOf(
  turn: Turn,
  requester: SourceId,
  pasid: number | undefined,
): HostEntry | undefined {
  const { charts, profile } = guestIn(turn);
  const enabled = charts.translation === "enabled";
  const key: Key =
    pasid === undefined || !enabled ? { source: requester } : { source: requester, pasid };
  const entry = hostAt(guestIn(turn).hosts, key.source, key.pasid);
  const isFresh = entry === undefined && key.pasid !== undefined;
  const isUncached = entry?.state === "blocked" && !profile.cachingMode;
  if (!isFresh && !isUncached) return entry;
  refreshHosts(turn, [key]);
  return hostAt(guestIn(turn).hosts, key.source, key.pasid);
}

function translate(turn: Turn, dma: Dma, device: Device, entry: HostEntry): void {
  const guest = guestIn(turn);
  const page = pageOf(dma.iova);
  const { access, given } = answerOf(guest, entry, page, dma);
  if (access === "write" && isInterruptRequest(dma)) {
    interrupt(turn, dma, device);
    return;
  }
  leaveTraces(turn, entry, page, given);
  const fault = faultOf(given, access === "write");
  const untranslated = entry.state === "passThrough";
  if (entry.state === "refused") block(turn, dma, access, { host: "refused" });
  else if (untranslated && fault <= 0 && isProtected(guest, page)) {
    block(turn, dma, access, { host: "protected" });
  } else if (fault > 0) {
    block(turn, dma, access, { reason: fault });
    const asked = { source: device.requester, page, access, rights: rightsOf(dma) };
    reportFault(turn, { ...asked, reason: fault, fpd: entry.fpd });
  } else if (fault < 0) block(turn, dma, access, { host: "hole" });
  else pass(turn, dma, access, given);
}

/** The device that a request is from; none when it cannot be, or is blocked for want of one. */
export function admit(turn: Turn, dma: Dma): Device | undefined {
  const error = formError(dma);
  if (error !== undefined) {
    refuse(turn, `DMA: ${error}`);
    return undefined;
  }
  if (dma.type === "DmaIssue") {
    const { tag } = dma;
    const facts = ask(turn, dmaRequest, stateOf(turn, dma), { type: "Issue", tag });
    for (const fact of facts) record(turn, fact);
    if (facts.length > 0) return undefined;
  }
  const device = deviceAt(guestIn(turn), dma.device);
  if (device === undefined) block(turn, dma, dma.access ?? "read", { host: "unassigned" });
  return device;
}

/** One DMA request that the unit translates, from the bus to memory or to a fault. */
export function requestDma(turn: Turn, dma: Dma): void {
  const device = admit(turn, dma);
  if (device === undefined) return;
  if (dma.access === "write" && isInterruptRequest(dma)) {
    interrupt(turn, dma, device);
    return;
  }
  if (isKeptOut(guestIn(turn), device.requester, dma.pasid)) {
    block(turn, dma, dma.access ?? "read", { host: "keptOut" });
    return;
  }
  const entry = entryOf(turn, device.requester, dma.pasid);
  if (entry === undefined) block(turn, dma, dma.access ?? "read", { host: "unassigned" });
  else translate(turn, dma, device, entry);
}
