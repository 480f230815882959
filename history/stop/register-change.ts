import { evolve } from "../../projections/evolve.ts";
import { registersOf, registerValue } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import type { Span } from "../columns/scan.ts";
import type { Step } from "../step.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";

/** What a register of a guest has in a world; `undefined` where the unit has no such register. */
export function registerIn(world: World, index: number, name: string): bigint | undefined {
  const guest = world.guests[index];
  const spec = guest && registersOf(guest.profile).byName.get(name);
  return guest && spec && registerValue(guest, spec.offset);
}

/** The events of a step by which a register got another value, in order. */
function changesOf({ seq, input, facts, before }: Step, guest: number, name: string): number[] {
  const found: number[] = [];
  let [world, value] = [before, registerIn(before, guest, name)];
  for (const [index, event] of [input, ...facts].entries()) {
    world = evolve(world, event);
    const next = registerIn(world, guest, name);
    if (next !== value) found.push(seq + index);
    value = next;
  }
  return found;
}

/** Whether a step may have changed a register, for good or in passing: no input does by itself. */
const isTouched = ({ facts, before, after }: Step, guest: number): boolean =>
  facts.length > 0 && before.guests[guest] !== after.guests[guest];

/**
 * The next event of a span by which a register got another value, whoever gave it. It folds what
 * lies between: no column has registers' values.
 *
 * @param span  backwards if its end is before its beginning.
 */
export function nextRegisterChange(
  timeline: Timeline,
  guest: number,
  name: string,
  { from, to }: Span,
): number | undefined {
  const isForward = from <= to;
  const [low, high] = isForward ? [from, to] : [to, from];
  const end = inputPlace(timeline, to);
  for (let place = inputPlace(timeline, from); ; place += isForward ? 1 : -1) {
    if (isForward ? place > end : place < end) return undefined;
    const step = stepAt(timeline, place);
    if (step === undefined || !isTouched(step, guest)) continue;
    const found = changesOf(step, guest, name).filter((seq) => seq >= low && seq <= high);
    const nearest = isForward ? found[0] : found.at(-1);
    if (nearest !== undefined) return nearest;
  }
}
