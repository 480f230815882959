import type { Fact } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { Ecap } from "../../events/registers/capability.ts";
import { Fsts, Pectl } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Pqa, Prs } from "../../events/registers/page-request.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import { pageRequestWords } from "../oracle/extended/page-request.ts";
import type { Count } from "./law.ts";

type Request = InputOf<"PageRequest">;

/** The queue as the registers say. */
export interface Queue {
  readonly base: bigint;
  readonly tail: bigint;
  readonly next: bigint;
  readonly isFull: boolean;
  readonly ppr: boolean;
  readonly pro: boolean;
}

export function queueOf(guest: Guest): Queue {
  const { pqa, pqs } = Pqa.decode(readBytes(guest, at.pqa, 8));
  const size = 4096n << BigInt(pqs);
  const tail = readBytes(guest, at.pqt, 8) % size;
  const next = (tail + BigInt(bytesOfEntry(guest))) % size;
  const isFull = next === readBytes(guest, at.pqh, 8) % size;
  const prs = readBytes(guest, at.prs, 4);
  const { ppr, pro: later } = Prs.decode(prs);
  const pro = later || Fsts.decode(readBytes(guest, at.fsts, 4)).pro;
  return { base: pqa, tail, next, isFull, ppr, pro };
}

/** Whether a unit is one of version 2.x, whose page requests have 16 bytes. */
export const isOld = (guest: Guest): boolean => Ecap.decode(readBytes(guest, at.ecap, 8)).ecs;

const bytesOfEntry = (guest: Guest): number => (isOld(guest) ? 16 : 32);

/** The bytes of a request. */
export function entryOf(guest: Guest, request: Request, requester: number): readonly number[] {
  if (isOld(guest)) {
    const { device: _, iova: address, ...asked } = request;
    const [low, high] = pageRequestWords({
      ...{ ...asked, sid: requester, address: BigInt.asUintN(64, address), pasid: asked.pasid },
      ...{ execute: asked.execute === true, privileged: asked.privileged === true },
      ...{ stream: false, blocked: false, data: 0 },
    });
    return bytesOfWord(low | (high << 64n), 16);
  }
  const { pasid, group, iova } = request;
  const flag = (set: boolean | undefined, bit: bigint): bigint => (set === true ? 1n << bit : 0n);
  const first =
    1n |
    flag(pasid !== undefined, 8n) |
    (BigInt(requester) << 16n) |
    (BigInt(pasid ?? 0) << 32n) |
    flag(request.execute, 52n) |
    flag(request.privileged, 53n);
  const last = flag(request.read, 0n) | flag(request.write, 1n) | flag(request.last, 2n);
  const second = last | (BigInt(group) << 3n) | BigInt.asUintN(64, iova & ~0xfffn);
  const both = first | (second << 64n);
  return bytesOfWord(both, 32);
}

const bytesOfWord = (word: bigint, count: number): readonly number[] =>
  Array.from({ length: count }, (_, byte) => Number((word >> BigInt(8 * byte)) & 0xffn));

/** Why the facts of the event line are not what must be, or nothing. */
export function checkEvent(guest: Guest, facts: readonly Fact[], arises: boolean, count: Count) {
  const isEvent = (fact: Fact | undefined) =>
    (fact?.type === "EventSent" || fact?.type === "EventPended") && fact.line === "pageRequest";
  const events = facts.filter(isEvent);
  const { im: isMasked, ip: isPending } = Pectl.decode(readBytes(guest, at.pectl, 4));
  if (!arises || (isMasked && isPending)) {
    return events.length === 0 ? undefined : "an event arises again";
  }
  const [event] = events;
  if (events.length !== 1 || event === undefined) return "no event arises";
  count(isMasked ? "event masked" : "event");
  if (event.type !== "EventSent") return isMasked ? undefined : "the event is not sent";
  const high = readBytes(guest, at.peuaddr, 4) << 32n;
  const address = high | readBytes(guest, at.peaddr, 4);
  const data = Number(readBytes(guest, at.pedata, 4));
  const same = event.address === address && event.data === data;
  return same && !isMasked ? undefined : "the event is sent wrongly";
}
