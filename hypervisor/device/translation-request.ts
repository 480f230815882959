import { gpaOfPage, hpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { InputOf } from "../../events/input.ts";
import type { Device } from "../../projections/device/devices.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Draft, Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { isKeptOut } from "../../projections/host/kept-out.ts";
import { frameOf, ok, readCode, sizeName, sizeOf, writeCode } from "../../tables/mapping.ts";
import { reportFault } from "../fault/fault.ts";
import type { Ask } from "../first-stage/first-stage-rules.ts";
import { leaveTraces } from "../first-stage/walk-effects.ts";
import { isProtected } from "../memory/protected-memory.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record, refuse } from "../turn.ts";
import { answerFor } from "./answer-request.ts";
import { entryOf, guestPageOf, isInterrupt } from "./dma.ts";
import type { Answer } from "./page-answer.ts";
import { faultOf } from "./page-answer.ts";
import { noExecution, ofPasids, recoverable } from "./recoverable.ts";
import { askOf, rightsError, rightsOf } from "./rights.ts";
import { toldSize } from "./told-size.ts";

type Request = InputOf<"AtsRequest">;
type Answered = Omit<FactOf<"TranslationAnswered">, "type">;

/**
 * Why a device may not send translation requests and translated requests, or 0: what is wrong with
 * its context (the PASID table has no part in it), DTE or TT.
 */
export function contextFault({ profile }: Guest, entry: HostEntry): number {
  const isFaulty = entry.state === "blocked" && entry.tag === undefined;
  if (isFaulty && (entry.ats || !ofPasids.has(entry.reason))) return entry.reason;
  if (entry.ats) return 0;
  const isTyped = profile.ecs || entry.tag === undefined;
  return isTyped ? reason.typeBlocked : reason.deviceTlbDisabled;
}

function block(
  turn: Turn,
  asked: Request,
  why: { reason: number } | { host: "unassigned" | "off" | "keptOut" },
): void {
  const { device, iova, access } = asked;
  record(turn, { type: "TranslationBlocked", device, iova, access, ...rightsOf(asked), ...why });
}

function answer(turn: Turn, asked: Request, rest: Partial<Answered>): void {
  const { device, iova, access } = asked;
  const rights = rightsOf({ ...asked, execute: false });
  const common = { device, iova, access, ...rights, read: false, write: false };
  record(turn, { type: "TranslationAnswered", ...common, ...rest });
}

/** Gives the device what a page allows. */
function grant(turn: Turn, asked: Request, entry: HostEntry, ask: Ask, given: Answer): void {
  const { mapping } = given;
  const page = pageOf(asked.iova);
  const frame = frameOf(mapping);
  const isPhysical = deviceAt(guestIn(turn), asked.device)?.physical === true;
  const gfn = guestPageOf(turn, frame) ?? given.gfn;
  const granted: Draft<Partial<Answered>> = {
    size: sizeName(toldSize(guestIn(turn), entry, page, asked.pasid, sizeOf(mapping))),
    read: readCode(mapping) === ok,
    write: writeCode(mapping) === ok,
  };
  if (gfn !== undefined) granted.gpa = gpaOfPage(gfn);
  if (isPhysical) granted.hpa = hpaOfPage(frame);
  if (ask.execute) granted.execute = true;
  answer(turn, asked, granted);
}

/**
 * What a device asks for, the most first: it is given as much as there is.
 *
 * Reading: without ECAP.NWFS the no-write flag is ignored, so that every request asks for a page to
 * be written.
 */
function asksOf(turn: Turn, asked: Request): readonly Ask[] {
  const { profile } = guestIn(turn);
  const plain = askOf({ ...asked, execute: false }, false);
  const execute = asked.execute === true ? [askOf(asked, false)] : [];
  const wantsWrite = asked.access === "write" || !(profile.noWriteFlag || asked.execute === true);
  return [...execute, ...(wantsWrite ? [{ ...plain, write: true }] : []), plain];
}

function translate(turn: Turn, asked: Request, device: Device, entry: HostEntry): void {
  const page = pageOf(asked.iova);
  if (entry.state === "passThrough" && isProtected(guestIn(turn), page)) {
    answer(turn, asked, { host: "protected" });
    return;
  }
  let [isHole, isReported] = [false, false];
  for (const ask of asksOf(turn, asked)) {
    const given = answerFor(guestIn(turn), entry, page, ask);
    leaveTraces(turn, entry, page, given);
    const fault = faultOf(given, ask.write);
    if (fault === 0) {
      grant(turn, asked, entry, ask, given);
      return;
    }
    if (fault === reason.accessedDirtyFailed) {
      // What is asked for anew with less is the same request: it reports once.
      if (!isReported) report(turn, asked, device, entry, fault);
      isReported = true;
    } else if (fault > 0 && !recoverable.has(fault)) {
      fail(turn, asked, device, entry, fault);
      return;
    }
    isHole ||= fault < 0;
    // Of a PASID that may not be executed nothing is given, not even to read.
    if (noExecution.has(fault)) break;
  }
  answer(turn, asked, isHole ? { host: "hole" } : {});
}

/** Blocks a request and reports why. */
function fail(turn: Turn, asked: Request, device: Device, entry: HostEntry, fault: number): void {
  block(turn, asked, { reason: fault });
  report(turn, asked, device, entry, fault);
}

/** Reports what is wrong; of bits that cannot be set it is all, and the request is answered. */
function report(turn: Turn, asked: Request, device: Device, entry: HostEntry, fault: number): void {
  const rights = { ...rightsOf(asked), request: "translation" } as const;
  const { access, iova } = asked;
  const place = { source: device.requester, page: pageOf(iova), access };
  reportFault(turn, { ...place, reason: fault, fpd: entry.fpd, rights });
}

/**
 * A device asks for a translation, to keep it in its own TLB.
 *
 * Reading: with translation off it is blocked and nothing is reported.
 *
 * Reading: without PASID the interrupt range is answered with leave to use the address as it is,
 * untranslated; a device never holds a translation of it.
 */
export function requestTranslation(turn: Turn, asked: Request): void {
  const error = rightsError(asked, asked.access === "write");
  if (error !== undefined) {
    refuse(turn, `translation request: ${error}`);
    return;
  }
  const { charts } = guestIn(turn);
  const device = deviceAt(guestIn(turn), asked.device);
  if (device !== undefined && charts.translation !== "enabled") {
    block(turn, asked, { host: "off" });
    return;
  }
  const isOut = device !== undefined && isKeptOut(guestIn(turn), device.requester, asked.pasid);
  const entry = isOut ? undefined : device && entryOf(turn, device.requester, asked.pasid);
  if (device === undefined || entry === undefined) {
    block(turn, asked, { host: isOut ? "keptOut" : "unassigned" });
    return;
  }
  const fault = contextFault(guestIn(turn), entry);
  if (fault !== 0) fail(turn, asked, device, entry, fault);
  else if (asked.pasid === undefined && isInterrupt(asked.iova)) {
    answer(turn, asked, { write: true, untranslated: true });
  } else if (entry.state === "refused") answer(turn, asked, { host: "refused" });
  else translate(turn, asked, device, entry);
}
