import type { Call } from "../../calls/call.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { World } from "../../projections/world.ts";
import type { Extents } from "../oracle/host-extents.ts";
import type { Attachment, Kernel } from "../oracle/host-kernel.ts";
import { attachedOver, keyOf, spaceBelow } from "../oracle/host-kernel.ts";
import type { Hardware } from "../oracle/host-reach.ts";
import { reach } from "../oracle/host-reach.ts";
import type { Within } from "./calls-failed.ts";
import { failsWrongly } from "./calls-failed.ts";
import type { Sequence } from "./host-calls.ts";
import { hostRunOf, takeOver, takeOverStep } from "./host-calls.ts";
import { pagesOfRun } from "./host-probes.ts";
import { isMessage } from "./host-refusals.ts";
import { hardwareOf } from "./host-wanted.ts";
import type { Count, Law } from "./law.ts";
import type { Run } from "./run.ts";

/** Whom a call lets reach something that they did not reach before it. */
function gaining(kernel: Kernel, call: Call): readonly Attachment[] {
  if (call.call === "map") return attachedOver(kernel, call.space);
  if (call.call !== "attach") return [];
  const attachment = kernel.attachments.get(keyOf(call.requester));
  return attachment === undefined ? [] : [attachment];
}

const few = 6;

/** The first and the last page of what some mappings have. */
function endsOf(extents: Extents | undefined): readonly number[] {
  const [first, last] = [extents?.[0], extents?.at(-1)];
  return first && last ? [first.first, last.first + last.count - 1] : [];
}

/** Pages to look at after a call: what it maps; or else where spaces end, and a few of the run. */
function pagesAround({ sequence, pages }: Within, kernel: Kernel, call: Call, who: Attachment) {
  if (who.target.to === "table") return pages.slice(0, few);
  if (call.call === "map") {
    const first = Number(call.input >> 12n);
    return [first, first + Number(call.length >> 12n) - 1];
  }
  const old = sequence.before.attachments.get(keyOf(who.requester))?.target;
  const ends = [[sequence.before, old] as const, [kernel, who.target] as const].map(
    ([from, target]) =>
      endsOf(target?.to === "space" ? from.spaces.get(target.space)?.extents : undefined),
  );
  return [...ends.flat(), ...pages.slice(0, few)];
}

/** Why somebody reaches more after one call than before all of them and after all, or nothing. */
function reachesMore(within: Within, at: number, count: Count): string | undefined {
  const { sequence, index, before, world } = within;
  const [kernel, call] = [sequence.kernels[at], sequence.calls[at]];
  const [old, hardware] = [hardwareOf(before, index), hardwareOf(world, index)];
  if (kernel === undefined || call === undefined || !old || !hardware) return undefined;
  const allowed: readonly (readonly [Kernel, Hardware])[] = [
    [sequence.before, old],
    [sequence.before, hardware],
    [sequence.after, hardware],
  ];
  for (const who of gaining(kernel, call)) {
    const { source, pasid } = who.requester;
    for (const page of pagesAround(within, kernel, call, who)) {
      if (isMessage(page, pasid)) continue;
      for (const write of [false, true]) {
        const request = { source, pasid, page, write, privileged: false, execute: false };
        const found = reach(kernel, hardware, request);
        if (found === undefined) continue;
        count("between");
        if (allowed.some(([one, under]) => reach(one, under, request) === found)) continue;
        const where = `${hex(BigInt(page) << 12n)} reaches ${hex(BigInt(found) << 12n)}`;
        return `after ${call.call}, call ${at + 1}, ${formatSourceId(source)} at ${where}`;
      }
    }
  }
  return undefined;
}

/** Calls of one sequence after which is looked, at most. */
const mostPrefixes = 6;

/** Whether a call may let anybody reach something. */
const mayGain = ({ sequence: { calls } }: Within, at: number): boolean =>
  calls[at]?.call === "map" || calls[at]?.call === "attach";

/** Why a sequence is wrong on the way, or nothing. */
function checkSequence(within: Within, seq: number, count: Count): string | undefined {
  const early = tooEarly(within.sequence);
  if (early !== undefined) return early;
  const last = within.sequence.calls.length - 1;
  const gains = [...within.sequence.calls.keys()].filter((at) => at < last && mayGain(within, at));
  const each = Math.ceil(gains.length / mostPrefixes);
  for (let one = seq % each; one < gains.length; one += each) {
    const text = reachesMore(within, gains[one] ?? 0, count);
    if (text !== undefined) return text;
  }
  return failsWrongly(within, seq, count);
}

/** Why somebody is let to a new space that is not complete yet, or nothing. */
function tooEarly({ calls, kernels }: Sequence): string | undefined {
  const [made, open] = [new Set<number>(), new Set<number>()];
  for (const [at, call] of calls.entries()) {
    if (call.call === "createSpace") made.add(call.space);
    if (call.call === "map" && open.has(call.space)) return `call ${at + 1} maps what is in use`;
    const kernel = kernels[at];
    if (call.call !== "attach" || kernel === undefined) continue;
    const space = spaceBelow(kernel, call.target);
    if (space !== undefined && made.has(space)) open.add(space);
  }
  return undefined;
}

/** Why a host is taken over wrongly, or nothing. */
function checkTakeOver(run: Run, world: World, index: number, count: Count): string | undefined {
  const sequence = world === run.start ? hostRunOf(run).starts[index] : takeOver(world, index);
  if (sequence === undefined) return undefined;
  const early = tooEarly(sequence);
  if (early !== undefined) return `taken over: ${early}`;
  const within = { sequence, index, before: world, world, pages: pagesOfRun(run)[index] ?? [] };
  const text = failsWrongly(within, world.seq, count);
  return text && `taken over: ${text}`;
}

export const callsReachNoMore: Law = {
  id: "HC2",
  says:
    "After each single call a requester reaches nothing that it did not reach before the input " +
    "and is not to reach after it, and is let to a new space once that is complete; when a call " +
    "fails, done or not, everybody whom it concerns is blocked.",
  sometimes: [
    ...["between", "map fails", "unmap fails", "attach fails", "createTable fails"],
    ...["createSpace fails", "destroySpace fails", "invalidateTable fails"],
  ],
  check(run, count) {
    const fail = (seq: number, text: string) => ({ law: "HC2", seq, text });
    for (const index of run.start.guests.keys()) {
      const text = checkTakeOver(run, run.start, index, count);
      if (text !== undefined) return fail(0, text);
    }
    for (const { step, index, ...sequence } of hostRunOf(run).steps) {
      if (sequence.calls.length === 0) continue;
      const pages = pagesOfRun(run)[index] ?? [];
      const within = { sequence, index, before: step.before, world: step.after, pages };
      const text = checkSequence(within, step.seq, count);
      if (text !== undefined) return fail(step.seq, text);
    }
    const end = takeOverStep(run)?.after ?? run.start;
    for (const index of end.guests.keys()) {
      const text = checkTakeOver(run, end, index, count);
      if (text !== undefined) return fail(end.seq, text);
    }
    return undefined;
  },
};
