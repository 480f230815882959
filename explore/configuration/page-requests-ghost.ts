import { PageRequestEntry } from "../../events/page-request/page-request-entry.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { pageQueue } from "../../properties/examples/device-driver.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Judgement } from "../engine/configuration.ts";
import { readRegister, readWord } from "./small-guest.ts";

/** Where a group of requests is, as the device and the driver see it. */
export type Group = "idle" | "asking" | "asked";

/** What the driver expects of the queue. */
export interface PageGhost {
  readonly groups: readonly Group[];
  /** Numbers of the groups whose requests are in the queue, twice, plus one for the last of one. */
  readonly queued: readonly number[];
  readonly isPending: boolean;
  readonly isOverflowed: boolean;
}

/** Groups that the device uses, by the numbers that it gives them. */
export const groups = [1, 2] as const;
export const room = 2;
export const bytesEach = 32n;
export const queueBytes = 4096n;
export const ppr = 1n;
export const pro = 2n;

export const headOf = (world: World): bigint => readRegister(world, at.pqh, 8);
export const tailOf = (world: World): bigint => readRegister(world, at.pqt, 8);

/** The entry of the queue at an offset: the group's number, and whether it is the last of one. */
function entryAt(world: World, offset: bigint): number {
  const words = [0n, 8n].map((part) => readWord(world, pageQueue + offset + part));
  const { prgi, lpig, type } = PageRequestEntry.decode(
    (words[0] ?? 0n) | ((words[1] ?? 0n) << 64n),
  );
  const group = groups.indexOf(prgi as (typeof groups)[number]);
  return type === 1 ? group * 2 + (lpig ? 1 : 0) : -1;
}

function difference(ghost: PageGhost, world: World): string | undefined {
  const prs = readRegister(world, at.prs);
  if (((prs & ppr) !== 0n) !== ghost.isPending) return "PRS.PPR is wrong";
  if (((prs & pro) !== 0n) !== ghost.isOverflowed) return "PRS.PRO is wrong";
  const [head, tail] = [headOf(world), tailOf(world)];
  const free = emptyEntries * bytesEach;
  const count = Number(((tail - head + queueBytes) % queueBytes) - free) / 32;
  if (count !== ghost.queued.length) {
    return `${count.toString()} requests are in the queue, not ${ghost.queued.length.toString()}`;
  }
  for (const [index, must] of ghost.queued.entries()) {
    const offset = (head + free + BigInt(index) * bytesEach) % queueBytes;
    if (entryAt(world, offset) !== must) return `entry ${index.toString()} of the queue is another`;
  }
  const open = Object.values(world.guests[0]?.pageRequests.groups ?? {});
  for (const [group, state] of ghost.groups.entries()) {
    const found = open.find((one) => one.group === groups[group])?.state ?? "idle";
    const is: Group = found === "awaiting" ? "asked" : found === "collecting" ? "asking" : "idle";
    if (is !== state) return `group ${(groups[group] ?? 0).toString()} is ${is}, not ${state}`;
  }
  return undefined;
}

/** Compares registers, queue and groups with what must be in them. */
export function judgePages(
  ghost: PageGhost,
  steps: readonly Step[],
  world: World,
  count: (name: string) => void,
): Judgement<PageGhost> {
  for (const { facts } of steps) {
    for (const { type } of facts) if (/^Page/.test(type)) count(type);
  }
  return { ghost, wrong: difference(ghost, world) };
}

const places: Readonly<Record<Group, number>> = { idle: 0, asking: 1, asked: 2 };

/** Tells what the ghost knows. */
export function tellPages(to: Digest, ghost: PageGhost): void {
  to.begin(kinds.ghost);
  for (const group of ghost.groups) to.field(places[group]);
  to.field((ghost.isPending ? 1 : 0) + (ghost.isOverflowed ? 2 : 0));
  for (const one of ghost.queued) to.field(one);
  to.end();
}

/**
 * Entries before the head that the driver has not released: the queue has 128, of which one is
 * never used, and two are to be free.
 */
export const emptyEntries = 127n - BigInt(room);
