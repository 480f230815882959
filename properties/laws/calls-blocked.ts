import { callsAfterFailure, namesUnfinished, unfinishedAfter } from "../../calls/after-failure.ts";
import type { Call, CallResult, Requester } from "../../calls/call.ts";
import { callsOf } from "../../calls/calls-of.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { stepOf } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Attachment, Kernel } from "../oracle/host-kernel.ts";
import { apply } from "../oracle/host-kernel.ts";
import { reach } from "../oracle/host-reach.ts";
import { hostRunOf } from "./host-calls.ts";
import { pagesOfRun } from "./host-probes.ts";
import { isMessage } from "./host-refusals.ts";
import type { HostBook, Wanted } from "./host-wanted.ts";
import { followHost, frameWanted, hardwareOf, newHostBook, wantedOf } from "./host-wanted.ts";
import type { Count } from "./law.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** A run that goes on from a call that failed: the world, and what the host keeps in it. */
interface Fork {
  readonly index: number;
  readonly book: HostBook;
  readonly pages: readonly number[];
  readonly count: Count;
  world: World;
  kernel: Kernel;
  /** What nobody knows the content of. */
  readonly unfinished: Set<string>;
}

/** A call of a step that failed, and those that were to follow it. */
interface Failure {
  readonly step: Step;
  readonly call: Call;
  readonly result: CallResult;
  readonly left: readonly Call[];
}

/** The VMM keeps everybody out whom a failed call is about, and says so. */
function fail(fork: Fork, { step, call, result, left }: Failure): void {
  const { index, book } = fork;
  const blocking = callsAfterFailure(step.after, call, result, index, step.before, left);
  const whom = blocking.flatMap((one) => ("requester" in one ? [one.requester] : []));
  for (const one of blocking) make(fork, one);
  const objects = unfinishedAfter(step.after, [call, ...left], index);
  for (const one of objects) fork.unfinished.add(one);
  for (const { source, pasid } of whom) {
    const devices = [...(book.devices[index] ?? [])];
    const found = devices.find(([, one]) => one.physical && one.requester === source);
    if (found === undefined) continue;
    const who = { device: found[0], guest: index, ...(pasid === undefined ? {} : { pasid }) };
    goOn(fork, { type: "HostCallFailed", ...who, result } as Input);
  }
}

/** Makes a call. @returns whether the kernel takes it. */
function make(fork: Fork, call: Call): boolean {
  const outcome = apply(fork.kernel, call);
  if (typeof outcome === "string") return false;
  fork.kernel = outcome;
  return true;
}

/** Folds an input and makes its calls; one that is refused is a failure like any other. */
function goOn(fork: Fork, input: Input): void {
  const step = stepOf(fork.world, input);
  fork.world = step.after;
  followHost(fork.book, step);
  const calls = callsOf(step, fork.index);
  const at = calls.findIndex((call) => namesUnfinished(call, fork.unfinished) || !make(fork, call));
  const call = calls[at];
  if (call === undefined || input.type === "HostCallFailed") return;
  fork.count("fails again");
  fail(fork, { step, call, result: "failed", left: calls.slice(at + 1) });
}

const nameOf = ({ source, pasid }: Requester): string =>
  `${formatSourceId(source)}${pasid === undefined ? "" : ` PASID ${pasid}`}`;

/** Why somebody reaches what it may not, or nothing. */
function reachesMore(fork: Fork, { requester }: Attachment, wanted: Wanted | undefined) {
  const { world, kernel, index, pages } = fork;
  const [hardware, guest] = [hardwareOf(world, index), world.guests[index]];
  if (hardware === undefined || guest === undefined) return undefined;
  if (wanted === undefined) return `${nameOf(requester)} is attached, and nobody`;
  if (wanted.isBlocked) return `${nameOf(requester)} is attached, and is to be kept out`;
  const { source, pasid } = requester;
  for (const page of pages) {
    if (isMessage(page, pasid)) continue;
    for (const write of [false, true]) {
      const { privileged } = wanted.entry;
      const asked = { source, pasid, page, write, privileged, execute: false };
      const found = reach(kernel, hardware, asked);
      if (found === undefined || found === frameWanted(guest, wanted, page, write)) continue;
      const [from, to] = [page, found].map((one) => hex(BigInt(one) << 12n));
      return `${nameOf(requester)} at ${from} reaches ${to}`;
    }
  }
  return undefined;
}

function checkFork(fork: Fork): string | undefined {
  const guest = fork.world.guests[fork.index];
  if (guest === undefined) return undefined;
  const wanted = wantedOf(guest, fork.book);
  for (const [key, attachment] of fork.kernel.attachments) {
    if (attachment.target.to === "blocked") continue;
    const text = reachesMore(fork, attachment, wanted.get(key));
    if (text !== undefined) return text;
  }
  return undefined;
}

const [mostInputs, fewPages] = [10, 4];

/**
 * Lets one call of a run fail, and goes on with what the guest does next until somebody is let in
 * again.
 *
 * @returns the event, and why somebody reaches more in it than the guest says, or while it is kept
 *   out; or nothing.
 */
export function goesWrongAfterFailure(run: Run, count: Count) {
  const some = hostRunOf(run).steps.filter(({ calls }) => calls.length > 0);
  const chosen = some[(run.inputs.length * 7) % some.length];
  if (chosen === undefined) return undefined;
  const { step, index, calls, kernels } = chosen;
  const at = step.seq % calls.length;
  const isDone = run.inputs.length % 2 === 0;
  const call = calls[at];
  const kernel = (isDone ? kernels[at] : kernels[at - 1]) ?? chosen.before;
  if (call === undefined) return undefined;
  const book = newHostBook(run);
  const place = run.steps.indexOf(step);
  for (const one of run.steps.slice(0, place + 1)) followHost(book, one);
  const pages = (pagesOfRun(run)[index] ?? []).slice(0, fewPages);
  const fork: Fork = {
    index,
    book,
    pages,
    count,
    world: step.after,
    kernel,
    unfinished: new Set(),
  };
  const result = isDone ? "timedOut" : "failed";
  fail(fork, { step, call, result, left: calls.slice(at + 1) });
  for (const { input, seq } of [step, ...run.steps.slice(place + 1, place + mostInputs)]) {
    if (input.type === "HostRelease" && guestIndex(input) === index) return undefined;
    if (input !== step.input) goOn(fork, input);
    count("after a failure");
    const text = checkFork(fork);
    if (text !== undefined)
      return { seq, text: `after ${call.call} of ${step.seq} failed: ${text}` };
  }
  return undefined;
}
