import type { SourceId } from "../../events/address.ts";
import { gpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Draft } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { ok, pagesOfSize, readCode, sizeName, sizeOf, writeCode } from "../../tables/mapping.ts";
import { leaveTraces } from "../first-stage/walk-effects.ts";
import { isProtected } from "../memory/protected-memory.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record, refuse } from "../turn.ts";
import { answerOf } from "./answer-request.ts";
import { entryOf, isInterrupt } from "./dma.ts";
import { faultOf } from "./page-answer.ts";
import { rightsOf } from "./rights.ts";
import { toldSize } from "./told-size.ts";

type Question = InputOf<"DeviceTranslate">;
type Answered = FactOf<"DeviceTranslationAnswered">;

/** What the model of a device is told about a page. */
function answerTo(turn: Turn, question: Question, entry: HostEntry): Answered {
  const guest = guestIn(turn);
  const { device, iova } = question;
  const page = pageOf(iova);
  const { access, given } = answerOf(guest, entry, page, question);
  const type = "DeviceTranslationAnswered";
  const rights = rightsOf(question);
  const nothing: Answered = { type, device, iova, ...rights, read: false, write: false };
  const isMessage = question.pasid === undefined && isInterrupt(iova);
  if (access === "write" && isMessage) return { ...nothing, host: "interrupt" };
  if (entry.state === "refused") return { ...nothing, host: "refused" };
  leaveTraces(turn, entry, page, given);
  const fault = faultOf(given, access === "write");
  if (entry.state === "passThrough" && fault <= 0 && isProtected(guest, page)) {
    return { ...nothing, host: "protected" };
  }
  if (fault > 0) return { ...nothing, reason: fault };
  if (fault < 0 || given.gfn === undefined) return { ...nothing, host: "hole" };
  const size = toldSize(guest, entry, page, question.pasid, sizeOf(given.mapping));
  const pages = pagesOfSize[size] as number;
  const told: Draft<Answered> = { ...nothing, size: sizeName(size) };
  told.gpa = gpaOfPage(given.gfn - (given.gfn % pages));
  told.mask = BigInt.asUintN(64, -(BigInt(pages) << 12n));
  told.read = readCode(given.mapping) === ok;
  // A write to the interrupt range is a message, whatever right its page has.
  told.write = !isMessage && writeCode(given.mapping) === ok;
  return told;
}

const isPhysical = (turn: Turn, device: SourceId): boolean | undefined =>
  deviceAt(guestIn(turn), device)?.physical;

/**
 * Translates a page on behalf of an emulated device: what a DMA of it would reach. The model may
 * remember the answer until an invalidation covers it.
 *
 * Reading: a question records no fault; the DMA that follows it does.
 */
export function translateForDevice(turn: Turn, question: Question): void {
  const physical = isPhysical(turn, question.device);
  if (physical !== false) {
    const why = physical === true ? "the device is physical" : "there is no such device";
    refuse(turn, `translate: ${why}`);
    return;
  }
  const device = deviceAt(guestIn(turn), question.device);
  const entry = device === undefined ? undefined : entryOf(turn, device.requester, question.pasid);
  if (entry === undefined) refuse(turn, "translate: the device has no entry");
  else record(turn, answerTo(turn, question, entry));
}
