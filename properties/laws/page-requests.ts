import { formatSourceId, hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { Ecap } from "../../events/registers/capability.ts";
import { Gsts, Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { isKeptOut } from "../../projections/host/kept-out.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import { writable } from "../../tables/mapping.ts";
import { byteIn, pageAt } from "../../tables/memory.ts";
import type { Count, Law } from "./law.ts";
import { answersOnce } from "./page-groups.ts";
import { checkEvent, entryOf, isOld, queueOf } from "./page-queue.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

type Request = InputOf<"PageRequest">;

/** What is cached of the page must be gone before the request is seen. */
function checkRenewed(step: Step, guest: Guest, count: Count): string | undefined {
  const { device, pasid, iova } = step.input as Request;
  const requester = deviceAt(guest, device)?.requester ?? -1;
  const entry = hostAt(guest.hosts, requester, pasid);
  if (entry === undefined || (entry.tag === undefined && !isOld(guest))) return undefined;
  const stage = entry.space === undefined ? undefined : guest.spaces[entry.space];
  const isNested = stage?.second !== undefined || stage?.shadow !== undefined;
  const written = step.facts.findIndex(({ type }) => /^MemoryWrit/.test(type));
  const gone = step.facts.slice(0, written).some((fact) => {
    const isPage = "iova" in fact && (fact.iova ?? -1n) >> 12n === iova >> 12n;
    if (fact.type === "IotlbInvalidated") {
      return fact.did === entry.did && (isNested ? fact.scope === "domain" : !stage && isPage);
    }
    if (fact.type !== "PasidIotlbInvalidated" || fact.pasid !== entry.tag) return false;
    return !isNested && fact.did === entry.did && isPage;
  });
  count(stage === undefined ? "renewed, second stage" : "renewed");
  return gone ? undefined : "what is cached of the page stays";
}

/** Why the queue does not have the request as it must, or nothing. */
function checkQueued(step: Step, was: Guest, now: Guest, count: Count): string | undefined {
  const request = step.input as Request;
  const queue = queueOf(was);
  const address = queue.base + queue.tail;
  const bytes = entryOf(was, request, deviceAt(was, request.device)?.requester ?? -1);
  const page = Number(address >> 12n);
  const writes = step.facts.filter(({ type }) => /^MemoryWrit/.test(type));
  const [write] = writes as readonly (FactOf<"MemoryWritten"> | FactOf<"MemoryWriteDropped">)[];
  if (write === undefined || writes.length !== 1) return "it is not written once";
  if (write.gpa !== address) return `it is written to ${hex(write.gpa)}, not ${hex(address)}`;
  if (writable(was.p2m, page) !== (write.type === "MemoryWritten")) return "its write is lost";
  if (write.type === "MemoryWritten") {
    if (write.bytes.join() !== bytes.join()) return "its entry is another";
    const memory = pageAt(now.memory, page);
    const offset = Number(address & 0xfffn);
    if (bytes.some((byte, index) => byteIn(memory, offset + index) !== byte)) {
      return "memory does not have it";
    }
  } else count("lost");
  if (queue.next === 0n) count("wrapped");
  count("queued");
  const { ppr, pro, tail } = queueOf(now);
  if (tail !== queue.next) return `the tail is ${tail}, not ${queue.next}`;
  if (!ppr || pro) return "PPR is not set";
  return checkRenewed(step, now, count) ?? checkEvent(was, step.facts, !queue.ppr, count);
}

/** Why a request is not dropped as it must, or nothing. */
function checkDropped(
  { facts, input }: Step,
  [was, now]: readonly [Guest, Guest],
  dropped: FactOf<"PageRequestDropped">,
  count: Count,
): string | undefined {
  const request = input as Request;
  const [old, queue] = [queueOf(was), queueOf(now)];
  const isOverflow = dropped.why === "overflow";
  if (facts.some(({ type }) => /^MemoryWrit/.test(type))) return "a dropped request is written";
  if (queue.tail !== old.tail || queue.ppr !== old.ppr) return "a dropped request is queued";
  if (queue.pro !== (old.pro || isOverflow)) return "PRO is wrong";
  const answer = find(facts, "PageGroupAnswered");
  const isAnswered = request.last && (request.read || request.write);
  if ((answer !== undefined) !== isAnswered) return "its group is not answered as it must";
  if (answer !== undefined && answer.response !== (isOverflow ? "success" : "invalid")) {
    return `its group is answered ${answer.response}`;
  }
  if (isOverflow && !old.pro) count("overflow");
  count(`dropped: ${dropped.why ?? "fault"}`);
  if (dropped.reason !== undefined) count(`dropped: ${hex(dropped.reason)}`);
  // In version 2.x an overflow is a condition of FSTS, which FE1 and FT1 look at.
  const arises = isOverflow && !old.ppr && !old.pro && !isOld(was);
  return checkEvent(was, facts, arises, count);
}

const reports: ReadonlySet<string> = new Set([
  ...["FaultRecorded", "FaultCollapsed", "FaultSuppressed", "FaultDropped"],
]);

/** The reason that the context, as the unit remembers it, gives to drop a request; 0 for none. */
function contextReason(guest: Guest, { device, pasid }: Request): number {
  const old = isOld(guest);
  if (Rtaddr.decode(guest.rootPointer).ttm === Rtaddr.fields.ttm.names.legacy) {
    return old ? 0x30 : 0x32;
  }
  const requester = deviceAt(guest, device)?.requester ?? -1;
  const entry = hostAt(guest.hosts, requester, pasid);
  // What a second stage says under a PASID has such a reason too, and comes after PRE.
  const ofContext = entry?.tag === undefined ? (entry?.reason ?? 0) : 0;
  if (old && entry !== undefined && ofContext !== 0 && ofContext < 0x10) {
    return entry.reason === 0x2 ? 0x30 : entry.reason === 0xd && !entry.pri ? 0x30 : entry.reason;
  }
  if (!old && entry?.state === "blocked" && entry.tag === undefined) return entry.reason ?? 0;
  if (entry?.pri !== true) return old ? 0x30 : 0x47;
  return entry.state === "blocked" ? entry.reason : 0;
}

/** Why a request was not treated as it must, or nothing. */
function checkRequest(step: Step, count: Count): string | undefined {
  const request = step.input as Request;
  const index = guestIndex(request);
  const [was, now] = [step.before.guests[index], step.after.guests[index]];
  if (was === undefined || now === undefined) return undefined;
  if (step.facts.some(({ type }) => type === "InputRefused")) return undefined;
  const dropped = find(step.facts, "PageRequestDropped");
  const queued = find(step.facts, "PageRequestQueued");
  if ((dropped === undefined) === (queued === undefined)) return "it is neither queued nor dropped";
  const isUnable = !Ecap.decode(readBytes(was, at.ecap, 8)).prs;
  const isOff = !Gsts.decode(readBytes(was, at.gsts, 4)).tes;
  const requester = deviceAt(was, request.device)?.requester ?? -1;
  const isOut = !(isUnable || isOff) && isKeptOut(was, requester, request.pasid);
  const reason = isUnable || isOff || isOut ? 0 : contextReason(now, request);
  const { pro, isFull } = queueOf(was);
  const overflow = pro || isFull ? "overflow" : undefined;
  const early = isUnable ? "unsupported" : isOff ? "off" : isOut ? "keptOut" : undefined;
  const why = early ?? (reason === 0 ? overflow : hex(reason));
  const found = dropped && (dropped.why ?? hex(dropped.reason ?? 0));
  if (found !== why) return `it is dropped for ${found ?? "nothing"}, not ${why ?? "nothing"}`;
  const isReported = step.facts.some(
    (fact) => reports.has(fact.type) && "source" in fact && fact.source === requester,
  );
  if (isReported !== (reason !== 0)) return `fault ${hex(reason)} is not reported as it must`;
  if (dropped === undefined) return checkQueued(step, was, now, count);
  return checkDropped(step, [was, now], dropped, count);
}

export const pageRequestsAreQueued: Law = {
  id: "PG1",
  says:
    "Page requests come into the queue whole and in order, or are dropped for a reason; the " +
    "event arises when nothing was pending.",
  sometimes: [
    ...[
      "queued",
      "wrapped",
      "renewed",
      "renewed, second stage",
      "overflow",
      "event",
      "event masked",
    ],
    ...["dropped: overflow", "dropped: fault", "dropped: off", "dropped: unsupported"],
    ...["answered by software", "answered automatically", "stop marker"],
  ],
  check(run, count) {
    const groups = answersOnce(count);
    for (const step of run.steps) {
      const { input, seq } = step;
      const asks = input.type === "PageRequest";
      const text = (asks ? checkRequest(step, count) : undefined) ?? groups(step);
      if (text === undefined) continue;
      const who = asks ? `page request of ${formatSourceId(input.device)}: ` : "";
      return { law: "PG1", seq, text: `${who}${text}` };
    }
    return undefined;
  },
};
