import { formatSourceId, hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { PathEntry } from "../history/path-entry.ts";
import type { Step } from "../history/step.ts";
import { stepOf } from "../history/step.ts";
import type { LateWrites, Unseen, Waiting } from "../history/unseen.ts";
import { noLateWrites, unseenAt } from "../history/unseen.ts";
import { pathOf, unseenOn } from "../history/walk-path.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import { translate } from "../hypervisor/translate/translate.ts";
import { interruptEntryAddress } from "../projections/interrupt/interrupt-entry.ts";
import { hasUnseen, withLineSeen } from "../projections/memory/seen.ts";
import type { World } from "../projections/world.ts";

/** What is known of a log besides one step of it. */
export interface Beside {
  /** Of each guest, which events wrote what the unit need not see. */
  readonly late?: readonly LateWrites[];
  /** The same step as a unit takes it that sees at once what the CPU writes. */
  readonly seen?: Step | undefined;
  /** The latest steps that invalidated something since the guest wrote what is not flushed. */
  readonly invalidated?: readonly Step[];
}

/** An entry on the way of a request that the unit need not see as it was written. */
export interface Hidden {
  readonly name: string;
  /** Of a DMA: the entry on its path; of an interrupt: which one it named. */
  readonly entry?: PathEntry | undefined;
  readonly index?: number;
  readonly address: bigint;
  readonly unseen: Unseen;
}

const guestOf = ({ input }: Step): number => input.guest ?? 0;

/** The interrupt entry that a step's request named, if it is hidden. */
function hiddenInterrupt(world: World, step: Step, late: LateWrites): readonly Hidden[] {
  const guest = world.guests[guestOf(step)];
  const outcome = step.facts.find(
    (fact) => /^Interrupt(Delivered|Posted|Blocked)$/.test(fact.type) && "index" in fact,
  ) as { readonly index?: number } | undefined;
  const { index } = outcome ?? {};
  if (guest === undefined || index === undefined || index >= guest.interruptTable.count) return [];
  const address = interruptEntryAddress(guest.interruptTable, index);
  const unseen = unseenAt(late, guest, address, 2);
  const name = `interrupt entry ${hex(index)}`;
  return unseen === undefined ? [] : [{ name, index, address, unseen }];
}

/** The entries on the way of a step's request that are hidden, in the order of the walk. */
export function hiddenOn(world: World, step: Step, late: LateWrites): readonly Hidden[] {
  const { input, facts } = step;
  if (input.type !== "Dma") return hiddenInterrupt(world, step, late);
  if (input.translated === true) return [];
  const interrupts = hiddenInterrupt(world, step, late);
  if (interrupts.length > 0) return interrupts;
  const told = facts.find(({ type }) => type === "DmaTranslated" || type === "DmaBlocked");
  const access = told !== undefined && "access" in told ? told.access : input.access;
  const { device, iova, pasid } = input;
  const asked = { ...askOf(input, access === "write"), pasid };
  const walk = translate(world, guestOf(step), device, iova, asked);
  const unseen = unseenOn(walk, world.guests[guestOf(step)], late);
  const path = pathOf(walk, iova);
  return walk.steps.flatMap(({ table, level, address }, at) => {
    const one = unseen[at];
    if (one === undefined) return [];
    const entry = table.endsWith("entry") ? table : `${table} entry`;
    const name = level === undefined ? entry : `level ${level.toString()} entry`;
    return [{ name, entry: path[at], address, unseen: one }];
  });
}

/** How many worlds are tried at most for one step. */
const most = 256;

export const lateOf = (step: Step, { late }: Beside): LateWrites =>
  late?.[guestOf(step)] ?? noLateWrites(guestOf(step));

/** Whether the unit need not see something that the guest of a step has written. */
export function mayHide(step: Step): boolean {
  const guest = step.before.guests[guestOf(step)];
  return guest !== undefined && hasUnseen(guest);
}

/**
 * The same step in each world that may be in place of the one that it was taken in: some of the
 * entries on its way are seen as they were written; fewest first.
 */
export function* otherSteps(step: Step, beside: Beside): Generator<Step, void, void> {
  const late = lateOf(step, beside);
  const known = new Set<string>();
  const queue: { readonly now: Step; readonly lines: readonly bigint[] }[] = [
    { now: step, lines: [] },
  ];
  for (let at = 0; at < queue.length && at < most; at++) {
    const { now, lines } = queue[at] as (typeof queue)[number];
    if (lines.length > 0) yield now;
    for (const { address } of hiddenOn(now.before, now, late)) {
      const more = [...lines, address >> 6n].sort((a, b) => Number(a - b));
      const name = more.join();
      if (known.has(name)) continue;
      known.add(name);
      const before = withLineSeen(now.before, guestOf(step), address);
      queue.push({ now: stepOf(before, step.input), lines: more });
    }
  }
  if (beside.seen !== undefined) yield beside.seen;
}

const isAllowed = (facts: readonly Fact[]): boolean =>
  facts.some(({ type }) => /^(DmaTranslated|InterruptDelivered|InterruptPosted)$/.test(type));

const isBlocked = (facts: readonly Fact[]): boolean =>
  facts.some(
    (fact) =>
      (fact.type === "DmaBlocked" && fact.reason !== undefined) || fact.type === "InterruptBlocked",
  );

/** What was not done, by where a write waits. */
export const lacks: Readonly<Record<Waiting, string>> = {
  cache: "not written back (ECAP.C=0)",
  buffer: "with no flush of the write buffer since (CAP.RWBF=1)",
  cacheThenBuffer: "neither written back (ECAP.C=0) nor flushed from the write buffer (CAP.RWBF=1)",
};

const hiddenText = ({ name, address, unseen: { seq, waits } }: Hidden): string => {
  const by = seq === 0 ? "" : ` by event ${seq.toString()}`;
  return `the ${name} at ${hex(address)}, written${by} and ${lacks[waits]}`;
};

/** A request that relies on what its guest did not flush: it is blocked unless the unit sees it. */
export interface Unflushed {
  /** Number of the request's event. */
  readonly seq: number;
  readonly text: string;
  /** Numbers of the events that wrote what is not flushed; 0 where that is not known. */
  readonly wrote: readonly number[];
}

export function requestText({ input }: Step): string {
  if (input.type === "Dma")
    return `the DMA of ${formatSourceId(input.device)} at ${hex(input.iova)}`;
  return "the interrupt request";
}

/**
 * What a step's request relies on though its guest did not flush it: the unit blocks the request as
 * it sees the tables, and would not if it saw all that was written.
 */
export function unflushedBy(step: Step, beside: Beside): Unflushed | undefined {
  if (!isBlocked(step.facts)) return undefined;
  const late = lateOf(step, beside);
  const found: Hidden[] = [];
  let now = step;
  for (let more = hiddenOn(now.before, now, late); more.length > 0 && found.length < most; ) {
    let before = now.before;
    for (const one of more) before = withLineSeen(before, guestOf(step), one.address);
    found.push(...more);
    now = stepOf(before, step.input);
    more = hiddenOn(now.before, now, late);
  }
  const isRight = isAllowed(now.facts) || isAllowed(beside.seen?.facts ?? []);
  if (found.length === 0 || !isRight) return undefined;
  const isBuffered = found.some(({ unseen }) => unseen.waits !== "cache");
  const how = isBuffered ? "; GCMD.WBF, or an invalidation, flushes the write buffer" : "";
  const text = `${requestText(step)} relies on ${found.map(hiddenText).join("; ")}${how}`;
  return { seq: step.seq, text, wrote: found.map(({ unseen }) => unseen.seq) };
}
