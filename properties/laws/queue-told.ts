import { formatSourceId, hex } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import { byteIn, pageAsWritten } from "../../tables/memory.ts";
import type { Given } from "./device-book.ts";
import { follow as followDevices, newDeviceBook } from "./device-book.ts";
import type { Count, Law } from "./law.ts";
import type { QueueBook } from "./queue-book.ts";
import { newQueueBook, queueStatus, write } from "./queue-book.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";
import { mustFail } from "./wrong-answers.ts";

/** The type of a descriptor of 7 bits, and that of a wait. */
const typeOf = (descriptor: bigint): number =>
  Number(((descriptor >> 5n) & 0x70n) | (descriptor & 0xfn));
const waitType = 5;

/** The descriptor that the CPU wrote at the queue's head, as IQA and IQH say. */
function descriptorAt(guest: Guest, head: number): bigint {
  const iqa = readBytes(guest, 0x90, 8);
  const length = ((iqa >> 11n) & 1n) === 1n ? 32 : 16;
  const place = Number(iqa & 0xfff_ffff_ffff_f000n) + head;
  const page = pageAsWritten(guest.memory, Math.floor(place / 4096));
  let word = 0n;
  for (let byte = length - 1; byte >= 0; byte--) {
    word = word * 256n + BigInt(byteIn(page, (place % 4096) + byte));
  }
  return word;
}

/** Why a descriptor was not fetched as it is told, or nothing. */
function checkFetched(guest: Guest, { head, descriptor }: FactOf<"DescriptorFetched">) {
  if (BigInt(head) !== readBytes(guest, 0x80, 8)) return `${hex(head)} is not its head`;
  const found = descriptorAt(guest, head);
  return found === descriptor ? undefined : `memory holds ${hex(found)}, not ${hex(descriptor)}`;
}

/** Work that a descriptor asks for. */
const works: ReadonlySet<string> = new Set([
  ...["ContextInvalidated", "IotlbInvalidated", "PasidCacheInvalidated", "PasidIotlbInvalidated"],
  ...["DeviceTlbInvalidated", "InterruptEntriesInvalidated", "WaitCompleted"],
]);

/** How often a descriptor's work was told since it was fetched, and the input before. */
interface Work {
  times: number;
}

/** What is wrong with a fact of the queue's, by what was told before it. */
function checkFact(watched: Watched, fact: Fact, guest: Guest, step: Step, devices: Devices) {
  const { book, work } = watched;
  const { fetched, owed, isWaiting, isPartial, mayOweMore } = book;
  if (fact.type === "DescriptorFetched") return checkFetched(guest, fact);
  if (fact.type === "DescriptorCompleted") {
    if (isPartial) return undefined;
    if (fetched === undefined) return "a descriptor is done that was not fetched";
    if (fact.wait !== (typeOf(fetched.descriptor) === waitType)) return "wait is another";
    return work.times > 1 ? "a descriptor is carried out twice" : undefined;
  }
  if (fact.type === "PageGroupIgnored" || fact.type === "PageGroupAnswered") {
    const isAsked = fetched !== undefined && !("automatic" in fact && fact.automatic === true);
    const rid = Number(((fetched?.descriptor ?? 0n) >> 16n) & 0xffffn);
    const isOf = fact.device === rid || devices.get(fact.device)?.requester === rid;
    return isOf || !isAsked ? undefined : `${formatSourceId(fact.device)} is not who is answered`;
  }
  if (fact.type === "CompletionFailed") {
    const { input } = step;
    const isHis = input.type === "DeviceTlbAnswer" && input.device === fact.source;
    return isHis ? undefined : `${formatSourceId(fact.source)} has sent no answer`;
  }
  if (fact.type === "WaitAborted" && !isWaiting && !isPartial) return "no wait is there to abort";
  if (fact.type !== "DeviceTlbAnswered" || step.input.type !== "DeviceTlbAnswer") return undefined;
  const { device } = step.input;
  const isOwed = owed.some((one) => one.device === device) || isPartial || mayOweMore;
  return isOwed ? undefined : `${formatSourceId(device)} answers what it was not asked`;
}

/** Counts work, which begins anew with each descriptor and each input. */
function countWork(work: Work, fact: Fact | undefined): void {
  if (fact === undefined || fact.type === "DescriptorFetched") work.times = 0;
  else if (works.has(fact.type)) work.times += 1;
}

/** Whether the next fact must be that the queue goes on: its last error is cleared. */
function mustResume(book: QueueBook, fact: Fact | undefined, guest: Guest): boolean {
  if (fact?.type !== "QueueErrorCleared" || !book.isHalted) return false;
  const { isEnabled, errors } = queueStatus(guest);
  return isEnabled && errors === 0n;
}

/** Why IQERCD does not show an error that is the first of its kind to stand, or nothing. */
function checkError(fact: Fact, { was, now }: Guests): string | undefined {
  if (fact.type !== "QueueHalted" && fact.type !== "CompletionFailed") return undefined;
  const word = readBytes(now, 0xb0, 8);
  const error = fact.type === "QueueHalted" ? fact.error : "ICE";
  const [bit, found] = {
    IQE: [4n, Number(word & 0xfn)] as const,
    ICE: [5n, Number(word >> 48n)] as const,
    ITE: [6n, Number((word >> 32n) & 0xffffn)] as const,
  }[error];
  if (((readBytes(was, 0x34, 4) >> bit) & 1n) === 1n) return undefined;
  const told = "iqei" in fact && error === "IQE" ? fact.iqei : (fact.source ?? 0);
  return found === told ? undefined : `IQERCD is ${hex(word)}`;
}

/** A guest's queue from event to event. */
interface Watched {
  readonly book: QueueBook;
  readonly work: Work;
  /** Its last error is cleared, and nothing has told since that it goes on. */
  mustResume: boolean;
  /** The time for answers is up while a wait waits for some. */
  mustAbort: boolean;
  /** A device has answered wrongly, and nothing has told of it since; nothing: nobody knows. */
  mustFail: boolean | undefined;
}

const newWatched = (): Watched => ({
  book: newQueueBook(),
  work: { times: 0 },
  mustResume: false,
  mustAbort: false,
  mustFail: false,
});

function follow(watched: Watched, moment: Moment, guests: Guests, devices: Devices, count: Count) {
  const { fact, step, seq } = moment;
  const { book, work } = watched;
  countWork(work, fact);
  if (fact !== undefined) {
    const text = checkFact(watched, fact, guests.was, step, devices);
    if (text !== undefined) return text;
    if (watched.mustResume !== (fact.type === "QueueResumed") && !book.isPartial) {
      return watched.mustResume ? "nothing tells that it goes on" : "it goes on without a cause";
    }
    if (watched.mustResume) count("resumed");
    if (watched.mustFail !== undefined && watched.mustFail !== (fact.type === "CompletionFailed")) {
      return watched.mustFail ? "nothing tells of a wrong answer" : "no answer was wrong";
    }
    if (watched.mustFail === true) count("wrong answer");
    if (fact.type === "WaitAborted") {
      count("aborted");
      watched.mustAbort = false;
    }
    if (fact.type === "DescriptorCompleted") count("done");
    write(book, fact);
    // A queue that is enabled while an error stands begins as one that has stopped at it.
    if (fact.type === "QueueEnabled") book.isHalted = queueStatus(guests.now).errors !== 0n;
    const shown = checkError(fact, guests);
    if (shown !== undefined) return shown;
  } else if (step.input.type === "InvalidationTimeout") {
    watched.mustAbort = book.isWaiting && book.owed.length > 0;
  }
  watched.mustResume = mustResume(book, fact, guests.now);
  watched.mustFail = mustFail(book, moment, guests.now);
  if (seq !== step.after.seq) return undefined;
  if (watched.mustResume) return "nothing tells that it goes on";
  if (watched.mustFail === true) return "nothing tells of a wrong answer";
  return watched.mustAbort ? "a wait is lost that nobody aborts" : undefined;
}

interface Guests {
  readonly was: Guest;
  readonly now: Guest;
}

type Devices = ReadonlyMap<number, Given>;

const nothing: Devices = new Map();

export const queueIsTold: Law = {
  id: "QU3",
  says:
    "Each descriptor that is done was fetched as memory holds it and carried out once; waits, " +
    "answers and errors of the queue are told as they come about.",
  sometimes: ["done", "aborted", "resumed", "wrong answer"],
  check(run, count) {
    const guests = run.setup.guests.map(newWatched);
    const devices = newDeviceBook(run);
    for (const moment of momentsOf(run)) {
      const { fact, step, before, after, seq } = moment;
      if (fact === undefined) followDevices(devices, step);
      const index = guestIndex(fact ?? step.input);
      const [watched, was, now] = [guests[index], before.guests[index], after.guests[index]];
      if (watched === undefined || was === undefined || now === undefined) continue;
      const text = follow(watched, moment, { was, now }, devices[index] ?? nothing, count);
      if (text !== undefined) return { law: "QU3", seq, text: `the queue: ${text}` };
    }
    return undefined;
  },
};
