import type { SourceId } from "../../events/address.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";
import type { Expected } from "./answers.ts";
import type { Histories } from "./history.ts";
import { newHistories, watchPages, watchSource } from "./history.ts";
import type { Kept } from "./kept.ts";
import { followNew, newKept } from "./kept.ts";
import type { Memory } from "./memory.ts";
import { drainBuffer, iommuReads64, newMemory, sightOf } from "./memory.ts";
import { grantOf, mapRange, newP2m } from "./p2m.ts";
import { reserve } from "./reserved.ts";
import { gpaOf, isOther, isSplit } from "./view.ts";
import type { Unit } from "./walk.ts";

/** A request key: whose address space, and which page of it. */
export interface Key {
  readonly guest: number;
  readonly sid: number;
  readonly page: number;
  /** Nothing: of requests without PASID. */
  readonly pasid?: number | undefined;
}

/** One guest, its vIOMMU and what is watched of them. */
export interface World {
  readonly memory: Memory;
  readonly unit: Unit & { root: bigint; cap: bigint; ecap: bigint };
  te: boolean;
  readonly histories: Histories;
  readonly keys: Set<string>;
  /** Answers that are right as long as nothing changes. */
  readonly answers: Map<string, Expected>;
  /** What need not be read and asked again; nothing where everything is, each time. */
  readonly kept: Kept | undefined;
  /** The other view of memory, of a unit that reads some paging structures by it. */
  paging: Memory | undefined;
}

/** An observer of all guests. It changes as it observes. */
export interface Oracle {
  readonly worlds: readonly World[];
}

const maxKeys = 64;

function newWorld(setup: GuestSetup, nearby: readonly number[], keeps: boolean): World {
  const memory = newMemory(newP2m(), ownSight(setup));
  const haw = setup.haw ?? Number((setup.cap >> 16n) & 0x3fn) + 1;
  const canWrite = (gpa: bigint): boolean =>
    grantOf(memory.p2m, Number(gpa >> 12n))?.write === true;
  const { cap, ecap } = setup;
  const world: World = {
    memory,
    paging: otherMemory(memory, setup),
    unit: { cap, ecap, haw, root: 0n, read64, canWrite },
    te: false,
    histories: newHistories(nearby, keeps),
    keys: new Set(),
    answers: new Map(),
    kept: keeps ? newKept() : undefined,
  };
  function read64(at: bigint): bigint | undefined {
    const view = isOther(at) ? world.paging : memory;
    return view === undefined ? undefined : iommuReads64(view, gpaOf(at));
  }
  return world;
}

type UnitWords = Pick<GuestSetup, "cap" | "ecap">;

/**
 * What a unit sees late.
 *
 * Reading: a write buffer (CAP.RWBF) keeps nothing from reads that snoop where others do not.
 */
function ownSight(words: UnitWords): ReturnType<typeof sightOf> {
  const { coherent, buffered } = sightOf(words);
  return { coherent, buffered: buffered && !(coherent && isSplit(words)) };
}

/** A memory like another one of which the unit sees what it would with the other ECAP.C. */
function otherMemory(memory: Memory, words: UnitWords): Memory | undefined {
  return isSplit(words)
    ? newMemory(memory.p2m, ownSight({ ...words, ecap: words.ecap ^ 1n ^ (1n << 48n) }))
    : undefined;
}

/** A unit with other words is made: it sees memory as these say. */
export function seeAs(world: World, words: UnitWords): void {
  const { memory } = world;
  // What waits in the buffer of the unit before is not kept from the new one.
  for (const each of memoriesOf(world)) drainBuffer(each);
  Object.assign(memory, ownSight(words));
  const paging = otherMemory(memory, words);
  if (paging !== undefined && world.paging !== undefined) {
    Object.assign(world.paging, { coherent: paging.coherent, buffered: paging.buffered });
  } else if (paging !== undefined) {
    for (const [view, from] of [
      [paging.written, memory.written],
      [paging.seen, memory.seen],
    ] as const) {
      for (const [gfn, page] of from) view.set(gfn, page.slice());
    }
    world.paging = paging;
  }
}

/** Each memory of a guest: by all table reads but some, and by those. */
export const memoriesOf = ({ memory, paging }: World): readonly Memory[] =>
  paging === undefined ? [memory] : [memory, paging];

/**
 * An oracle for a world at its start. Keys that are known from the start have complete candidates
 * at once.
 *
 * @param nearby  guest pages that first-stage tables and their results may have under nesting.
 * @param keeps   whether it reads and answers again only what may have changed, instead of all.
 */
export function createOracle(
  setup: Setup,
  keys: readonly Key[] = [],
  nearby: readonly number[] = [],
  keeps = false,
): Oracle {
  const worlds = setup.guests.map((guest) => newWorld(guest, nearby, keeps));
  const p2ms = worlds.map((world) => world.memory.p2m);
  for (const [index, guest] of setup.guests.entries()) {
    const world = worlds[index];
    if (!world) continue;
    for (const range of guest.p2m) mapRange(p2ms, index, world.unit.haw, range);
    for (const region of guest.rmrr ?? []) reserve(p2ms, index, world.unit.haw, region);
    for (const each of guest.devices) assign(world, each.device, each.alias);
  }
  const oracle = { worlds };
  for (const key of keys) track(oracle, key);
  return oracle;
}

/** Watches the source-ids of a device. */
export function assign(world: World, device: SourceId, alias: SourceId | undefined): void {
  watchSource(world.unit, world.histories, device, true);
  if (alias !== undefined) watchSource(world.unit, world.histories, alias, true);
  if (world.te) watchPages(world.unit, world.histories, true);
  if (world.kept !== undefined) followNew(world.kept, world.histories);
}

/** Watches a key from now on, unless 64 are watched already. @returns whether it is watched. */
export function track(oracle: Oracle, key: Key): boolean {
  const world = oracle.worlds[key.guest];
  if (!world) return false;
  const name = `${key.sid}:${key.pasid ?? ""}:${key.page}`;
  if (world.keys.has(name)) return true;
  if (world.keys.size >= maxKeys) return false;
  world.keys.add(name);
  world.histories.tracked.add(key.page);
  const asked = world.histories.asked.get(key.sid) ?? new Set();
  if (key.pasid !== undefined) world.histories.asked.set(key.sid, asked.add(key.pasid));
  watchSource(world.unit, world.histories, key.sid, !world.te);
  if (world.te) watchPages(world.unit, world.histories, false);
  if (world.kept !== undefined) followNew(world.kept, world.histories);
  return true;
}
