import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
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
import type { Configuration, Move } from "../engine/configuration.ts";
import type { PageGhost } from "./page-requests-ghost.ts";
import {
  bytesEach,
  emptyEntries,
  groups,
  headOf,
  judgePages,
  ppr,
  pro,
  queueBytes,
  room,
  tellPages,
} from "./page-requests-ghost.ts";
import { readRegister } from "./small-guest.ts";

type PageMove = Move<PageGhost>;

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
  judge: judgePages,
  tell: tellPages,
};
