import { hex } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa } from "../../events/registers/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import { readable } from "../../tables/mapping.ts";
import { byteIn, pageAsWritten } from "../../tables/memory.ts";
import type { QueueExpectation } from "../oracle/queue.ts";
import { expectedQueue } from "../oracle/queue.ts";
import type { Work } from "../oracle/work.ts";
import type { Count, Law } from "./law.ts";
import { workOf } from "./queue-work.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";
import { sameValue } from "./same.ts";

/** What the queue of a guest must do first from where it is. */
function expectationOf(guest: Guest): QueueExpectation {
  const { profile, queue, p2m, memory, rootPointer: root } = guest;
  const read = (gpa: bigint, count: number): Uint8Array | undefined => {
    const gfn = Number(gpa >> 12n);
    if (!readable(p2m, gfn)) return undefined;
    const page = pageAsWritten(memory, gfn);
    const offset = Number(gpa & 0xfffn);
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = byteIn(page, offset + index);
    return bytes;
  };
  const iqt = readBytes(guest, at.iqt, 8);
  const { cap, ecap } = profile;
  const [iqa, iqh] = [queue.address, BigInt(queue.head)];
  return expectedQueue({ iqa, iqh, iqt, cap, ecap, root, read }, 1);
}

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? hex(each) : each));

/** The work with what its scope does not use left out. */
function wantedOf(work: Work): unknown {
  if (work.kind === "context") {
    const { kind, scope, did, sid, fm } = work;
    const device = scope === "device";
    const known = scope === "global" ? 0 : did;
    return { kind, scope, did: known, sid: device ? sid : 0, fm: device ? fm : 0 };
  }
  if (work.kind === "pasidCache") {
    const { kind, scope, did, pasid } = work;
    return { kind, scope, did: scope === "global" ? 0 : did, pasid: scope === "pasid" ? pasid : 0 };
  }
  if (work.kind !== "iotlb" && work.kind !== "pasidIotlb") return work;
  const { kind, scope, did, iova, length, leafOnly } = work;
  const none = { iova: 0n, length: 0n, leafOnly: false };
  const limit = length > 1n << 64n ? 1n << 64n : length;
  const pages = scope === "page" ? { iova, length: limit, leafOnly } : none;
  const one = scope === "domain" || work.kind !== "pasidIotlb" ? 0 : work.pasid;
  const pasid = work.kind === "pasidIotlb" ? { pasid: one } : {};
  return { kind, scope, did: scope === "global" ? 0 : did, ...pasid, ...pages };
}

const statusBytes = (data: number): string =>
  [0, 8, 16, 24].map((shift) => ((data >>> shift) & 0xff).toString()).join();

/** Why the facts of one wait are not what its descriptor says, or nothing. */
function checkWait(work: Work & { kind: "wait" }, facts: readonly Fact[]): string | undefined {
  const waited = facts.some(({ type }) => type === "QueueDraining");
  const done = facts.find(({ type }) => type === "WaitCompleted") as
    | FactOf<"WaitCompleted">
    | undefined;
  if (done === undefined) return waited ? undefined : "a wait neither completes nor waits";
  if (done.interrupt !== work.interrupt) return "a wait's interrupt flag is another";
  const written = facts.find(({ type }) => /^MemoryWrit/.test(type)) as
    | FactOf<"MemoryWritten">
    | FactOf<"MemoryWriteDropped">
    | undefined;
  if (work.status === undefined) return written === undefined ? undefined : "a status was written";
  if (written === undefined) return "no status was written";
  if (written.gpa !== work.status) return "the status was written elsewhere";
  if (written.type === "MemoryWriteDropped") return undefined;
  const same = written.bytes.join() === statusBytes(work.data);
  return same ? undefined : "the status is another";
}

/** Whether a fact says that nobody waits for the answer that a descriptor gives. */
const isIgnored = (work: Work & { kind: "pageGroup" }, fact: Fact): boolean =>
  fact.type === "PageGroupIgnored" &&
  fact.group === work.group &&
  (fact.pasid ?? "none") === work.whose;

/** Compares the facts after one fetched descriptor with the first work that is expected. */
function checkDescriptor(
  expected: QueueExpectation,
  facts: readonly Fact[],
  count: Count,
): string | undefined {
  const [work] = expected.work;
  const halted = facts.find(({ type }) => type === "QueueHalted") as
    | FactOf<"QueueHalted">
    | undefined;
  if (work === undefined) {
    count("refused descriptor");
    const code = expected.iqei ?? 0;
    if (facts.some(({ type }) => type === "DescriptorCompleted")) return "the head moves past it";
    return halted?.error === "IQE" && halted.iqei === code ? undefined : `IQE ${code} is missing`;
  }
  count(work.kind);
  if (halted?.error === "IQE") return "a good descriptor is refused";
  if (work.kind === "wait") return checkWait(work, facts);
  if (work.kind === "pageGroup" && facts.some((fact) => isIgnored(work, fact))) return undefined;
  const done = facts.map(workOf).find((found) => found !== undefined);
  const must = work.kind === "nothing" ? undefined : wantedOf(work);
  if (sameValue(done, must)) return undefined;
  const [found, wanted] = [textOf(done), textOf(must)];
  return found === wanted ? undefined : `${found}, not ${wanted}`;
}

/** The facts of the same guest and step from an index on, up to the next descriptor. */
function segmentFrom(moments: readonly Moment[], start: number): readonly Fact[] {
  const facts: Fact[] = [];
  const step = moments[start]?.step;
  for (let index = start + 1; index < moments.length; index++) {
    const moment = moments[index];
    if (moment?.fact === undefined || moment.step !== step) break;
    if (moment.fact.type === "DescriptorFetched") break;
    facts.push(moment.fact);
  }
  return facts;
}

/** Why a guest's queue rests although there is work, or has moved its head wrongly. */
function checkRest(guest: Guest): string | undefined {
  if (guest.queue.state === "fetching") return "the queue stopped in the middle";
  if (guest.queue.state !== "idle") return undefined;
  const { end, work } = expectationOf(guest);
  return end === "empty" && work.length === 0
    ? undefined
    : "the queue rests although there is work";
}

export const queueRunsInOrder: Law = {
  id: "QU1",
  says:
    "The queue executes the descriptors that memory holds, one by one in ring order, up to " +
    "the tail or the first error.",
  sometimes: ["context", "iotlb", "wait", "deviceTlb", "refused descriptor", "wrapped"],
  check(run, count) {
    const moments = momentsOf(run);
    for (const [index, { fact, before, after, seq, step }] of moments.entries()) {
      const guest = before.guests[guestIndex(fact ?? step.input)];
      const now = after.guests[guestIndex(fact ?? step.input)];
      if (guest === undefined || now === undefined) continue;
      const violation = (text: string) => ({ law: "QU1", seq, text });
      if (fact?.type === "DescriptorFetched") {
        if (fact.head !== guest.queue.head) return violation("the descriptor is not at the head");
        const facts = segmentFrom(moments, index);
        const text = checkDescriptor(expectationOf(guest), facts, count);
        if (text !== undefined) return violation(text);
      }
      if (fact?.type === "DescriptorCompleted") {
        const { dw, qs } = Iqa.decode(guest.queue.address);
        const [size, length] = [4096 * 2 ** qs, dw ? 32 : 16];
        if (now.queue.head < guest.queue.head) count("wrapped");
        if (now.queue.head !== (guest.queue.head + length) % size) {
          return violation(`the head went from ${guest.queue.head} to ${now.queue.head}`);
        }
      }
      const last = moments[index + 1]?.step !== step;
      const rest = last && step.facts.length > 0 ? checkRest(now) : undefined;
      if (rest !== undefined) return violation(rest);
    }
    return undefined;
  },
};
