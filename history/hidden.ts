import { hex } from "../events/address.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import { translate } from "../hypervisor/translate/translate.ts";
import { interruptEntryAddress } from "../projections/interrupt/interrupt-entry.ts";
import { hasUnseen, withLineSeen } from "../projections/memory/as-if-flushed.ts";
import type { World } from "../projections/world.ts";
import type { PathEntry } from "./path-entry.ts";
import type { Step } from "./step.ts";
import { stepOf } from "./step.ts";
import type { LateWrites, Unseen } from "./unseen.ts";
import { unseenAt } from "./unseen.ts";
import { pathOf, unseenOn } from "./walk-path.ts";

/** An entry on the way of a request that the unit need not see as it was written. */
export interface Hidden {
  readonly name: string;
  /** Of a DMA: the entry on its path; of an interrupt: which one it named. */
  readonly entry?: PathEntry | undefined;
  readonly index?: number;
  readonly address: bigint;
  readonly unseen: Unseen;
}

/** Index of the guest that a step is of. */
export const guestOf = ({ input }: Step): number => input.guest ?? 0;

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

/** Whether the unit need not see something that the guest of a step has written. */
export function mayHide(step: Step): boolean {
  const guest = step.before.guests[guestOf(step)];
  return guest !== undefined && hasUnseen(guest);
}

/** How many worlds are tried at most for one step. */
const most = 256;

/**
 * The same step in each world that may be in place of the one that it was taken in: some of the
 * entries on its way are seen as they were written; fewest first.
 */
export function* stepsIfSeen(step: Step, late: LateWrites): Generator<Step, void, void> {
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
}
