import type { Input } from "../../events/input.ts";
import { PageRequestEntry } from "../../events/page-request/page-request-entry.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import {
  asksFor,
  deviceBooted,
  deviceUnit,
  pageQueue,
  pageResponse,
} from "../../properties/examples/device-driver.ts";
import { memory, write, write8 } from "../../properties/examples/driver.ts";
import { flat } from "../../properties/examples/given.ts";
import { gva } from "../../properties/examples/scalable-driver.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Configuration, Judgement, Move } from "../engine/configuration.ts";
import { readRegister, readWord } from "./small-guest.ts";

/** Where a group of requests is, as the device and the driver see it. */
type Group = "idle" | "asking" | "asked";

/** What the driver expects of the queue. */
interface PageGhost {
  readonly groups: readonly Group[];
  /** Numbers of the groups whose requests are in the queue, twice, plus one for the last of one. */
  readonly queued: readonly number[];
  readonly isPending: boolean;
  readonly isOverflowed: boolean;
}

type PageMove = Move<PageGhost>;

/** Groups that the device uses, by the numbers that it gives them. */
const groups = [1, 2] as const;
const room = 2;
const bytesEach = 32n;
const queueBytes = 4096n;
const ppr = 1n;
const pro = 2n;

/** A request comes into the queue, or finds it full. */
function requested(ghost: PageGhost, group: number, last: boolean): PageGhost {
  const groupsNow = ghost.groups.with(group, last ? "asked" : "asking");
  // The last of a group that is dropped is answered at once.
  const lost = ghost.groups.with(group, last ? "idle" : "asking");
  if (ghost.isOverflowed) return { ...ghost, groups: lost };
  if (ghost.queued.length >= room) return { ...ghost, groups: lost, isOverflowed: true };
  const queued = [...ghost.queued, group * 2 + (last ? 1 : 0)];
  return { ...ghost, groups: groupsNow, queued, isPending: true };
}

const unchanged = (ghost: PageGhost): PageGhost => ghost;

const requestMoves = (number: number, group: number): readonly PageMove[] =>
  [false, true].map((last) => ({
    actor: "device",
    says:
      `The device asks for a page, as ${last ? "the last" : "one, not the last,"} of group ` +
      `${number.toString()}.`,
    inputs: ({ ghost }) =>
      ghost.groups[group] === "asked" ? [] : [asksFor(gva, { group: number, last })],
    knows: (ghost) => requested(ghost, group, last),
  }));

const headOf = (world: World): bigint => readRegister(world, at.pqh, 8);
const tailOf = (world: World): bigint => readRegister(world, at.pqt, 8);

/** The invalidation queue, which has descriptors of 32 bytes. */
const ring = 0x8000n;

function answered(world: World, number: number): readonly Input[] {
  const tail = readRegister(world, at.iqt, 8);
  const [low, high] = [pageResponse({ prgi: number }), 0n];
  const gpa = ring + tail;
  return [
    memory(gpa, BigInt.asUintN(64, low), low >> 64n, high, high),
    write8(at.iqt, (tail + bytesEach) % queueBytes),
  ];
}

const driver: readonly PageMove[] = [
  {
    actor: "driver",
    says: "The driver takes the first request from the queue.",
    inputs: ({ ghost, world }) =>
      ghost.queued.length === 0 ? [] : [write8(at.pqh, (headOf(world) + bytesEach) % queueBytes)],
    knows: (ghost) => ({ ...ghost, queued: ghost.queued.slice(1) }),
  },
  {
    actor: "driver",
    says: "The driver clears PPR.",
    inputs: ({ ghost }) => (ghost.isPending ? [write(at.prs, ppr)] : []),
    knows: (ghost) => ({ ...ghost, isPending: false }),
  },
  {
    actor: "driver",
    says: "The driver clears PRO.",
    inputs: ({ ghost }) => (ghost.isOverflowed ? [write(at.prs, pro)] : []),
    knows: (ghost) => ({ ...ghost, isOverflowed: false }),
  },
  ...groups.map(
    (number, group): PageMove => ({
      actor: "driver",
      says: `The driver answers group ${number.toString()}.`,
      inputs: ({ world }) => answered(world, number),
      knows: (ghost) =>
        ghost.groups[group] === "asked"
          ? { ...ghost, groups: ghost.groups.with(group, "idle") }
          : unchanged(ghost),
    }),
  ),
];

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

function judge(
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

function tell(to: Digest, ghost: PageGhost): void {
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
const emptyEntries = 127n - BigInt(room);

/** Page requests. */
export const pageRequests: Configuration<PageGhost> = {
  name: "page-requests",
  question:
    "Does each page request come into the queue, in order, or is it dropped for want of room " +
    "and its group answered, whatever the driver takes, clears and answers between?",
  setup: deviceUnit(),
  boot: [
    ...flat(deviceBooted),
    write8(at.pqa, pageQueue),
    write8(at.pqt, emptyEntries * bytesEach),
  ],
  layout: {
    pages: new Map([
      [Number(pageQueue >> 12n), { holds: "output" }],
      [Number(ring >> 12n), { holds: "descriptors" }],
    ]),
    rolling: true,
  },
  alike: [],
  ghost: { groups: groups.map(() => "idle"), queued: [], isPending: false, isOverflowed: false },
  moves: [...groups.flatMap(requestMoves), ...driver],
  laws: ["QU1", "QU2", "RG3"],
  sometimes: [
    ...["PageRequestQueued", "PageRequestDropped", "PageRequestsOverflowed"],
    ...["PageGroupAnswered", "PageGroupIgnored", "PageRequestOverflowCleared"],
  ],
  judge,
  tell,
};
