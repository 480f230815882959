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
import { gpaOf, isOther } from "./view.ts";
import type { Unit } from "./walk.ts";
import { bit } from "./word.ts";

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
  readonly unit: Unit & { root: bigint; cap: bigint; ecap: bigint; splits: boolean };
  te: boolean;
  readonly histories: Histories;
  readonly keys: Set<string>;
  /** Answers that are right as long as nothing changes. */
  readonly answers: Map<string, Expected>;
  /** What need not be read and asked again; nothing where everything is, each time. */
  readonly kept: Kept | undefined;
  /** The other view of memory, where paging structures below PASID entries may be read by it. */
  paging: Memory | undefined;
  readonly delays: Delays;
}

/** An observer of all guests. It changes as it observes. */
export interface Oracle {
  readonly worlds: readonly World[];
}

/** What a unit need not see at once beside what ECAP.C says, as far as an oracle is to have it. */
export interface Delays {
  /** What is in the write buffer (CAP.RWBF). */
  readonly buffer: boolean;
  /** Paging structures below PASID entries, by ECAP.SMPWC and PWSNP. */
  readonly paging: boolean;
}

const allDelays: Delays = { buffer: true, paging: true };
export const noDelays: Delays = { buffer: false, paging: false };

const maxKeys = 64;

function newWorld(
  setup: GuestSetup,
  nearby: readonly number[],
  keeps: boolean,
  delays: Delays,
): World {
  const memory = newMemory(newP2m(), delayedSight(setup, delays));
  const haw = setup.haw ?? Number((setup.cap >> 16n) & 0x3fn) + 1;
  const paging = otherMemory(memory, setup, delays);
  const canWrite = (gpa: bigint): boolean =>
    grantOf(memory.p2m, Number(gpa >> 12n))?.write === true;
  const { cap, ecap } = setup;
  const world: World = {
    memory,
    paging,
    unit: { cap, ecap, haw, root: 0n, read64, canWrite, splits: paging !== undefined },
    te: false,
    histories: newHistories(nearby, keeps),
    keys: new Set(),
    answers: new Map(),
    kept: keeps ? newKept() : undefined,
    delays,
  };
  function read64(at: bigint): bigint | undefined {
    const view = isOther(at) ? world.paging : memory;
    return view === undefined ? undefined : iommuReads64(view, gpaOf(at));
  }
  return world;
}

/** What a unit with these words sees late, as far as the oracle is to hold it to that. */
const delayedSight = (words: Pick<GuestSetup, "cap" | "ecap">, { buffer }: Delays) => {
  const { coherent, buffered } = sightOf(words);
  return { coherent, buffered: buffered && buffer };
};

/** A memory like another one of which the unit sees what it would with the other ECAP.C. */
function otherMemory(
  memory: Memory,
  words: Pick<GuestSetup, "cap" | "ecap">,
  delays: Delays,
): Memory | undefined {
  if (!delays.paging || !bit(words.ecap, 43)) return undefined;
  const { coherent, buffered } = delayedSight(words, delays);
  return newMemory(memory.p2m, { coherent: !coherent, buffered });
}

/** A unit with other words is made: it sees memory as these say. */
export function seeAs(world: World, words: Pick<GuestSetup, "cap" | "ecap">): void {
  const { memory, delays } = world;
  // What waits in a buffer that the new unit does not have is not kept from it.
  for (const each of memoriesOf(world)) drainBuffer(each);
  Object.assign(memory, delayedSight(words, delays));
  const paging = otherMemory(memory, words, delays);
  if (paging !== undefined && world.paging !== undefined) {
    Object.assign(world.paging, { coherent: paging.coherent, buffered: paging.buffered });
  } else if (paging !== undefined) {
    for (const view of [paging.written, paging.seen]) {
      for (const [gfn, page] of memory.written) view.set(gfn, page.slice());
    }
    world.paging = paging;
  }
  world.unit.splits = paging !== undefined;
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
 * @param delays  what it holds units to.
 */
export function createOracle(
  setup: Setup,
  keys: readonly Key[] = [],
  nearby: readonly number[] = [],
  keeps = false,
  delays = allDelays,
): Oracle {
  const worlds = setup.guests.map((guest) => newWorld(guest, nearby, keeps, delays));
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
