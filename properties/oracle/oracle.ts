import type { SourceId } from "../../events/address.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";
import type { Expected } from "./answers.ts";
import type { Histories } from "./history.ts";
import { newHistories, watchPages, watchSource } from "./history.ts";
import type { Kept } from "./kept.ts";
import { followNew, newKept } from "./kept.ts";
import type { Memory } from "./memory.ts";
import { iommuReads64, newMemory, sightOf } from "./memory.ts";
import { grantOf, mapRange, newP2m } from "./p2m.ts";
import { reserve } from "./reserved.ts";
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
  /** Whether a write buffer (CAP.RWBF) keeps anything from the unit. */
  readonly buffers: boolean;
}

/** An observer of all guests. It changes as it observes. */
export interface Oracle {
  readonly worlds: readonly World[];
}

const maxKeys = 64;

function newWorld(
  setup: GuestSetup,
  nearby: readonly number[],
  keeps: boolean,
  buffers: boolean,
): World {
  const { coherent, buffered } = sightOf(setup);
  const memory = newMemory(newP2m(), { coherent, buffered: buffered && buffers });
  const haw = setup.haw ?? Number((setup.cap >> 16n) & 0x3fn) + 1;
  const read64 = (gpa: bigint): bigint | undefined => iommuReads64(memory, gpa);
  const canWrite = (gpa: bigint): boolean =>
    grantOf(memory.p2m, Number(gpa >> 12n))?.write === true;
  const unit = { cap: setup.cap, ecap: setup.ecap, haw, root: 0n, read64, canWrite };
  return {
    memory,
    unit,
    te: false,
    histories: newHistories(nearby, keeps),
    keys: new Set(),
    answers: new Map(),
    kept: keeps ? newKept() : undefined,
    buffers,
  };
}

/**
 * An oracle for a world at its start. Keys that are known from the start have complete candidates
 * at once.
 *
 * @param nearby  guest pages that first-stage tables and their results may have under nesting.
 * @param keeps   whether it reads and answers again only what may have changed, instead of all.
 * @param buffers  whether a write buffer keeps from a unit with CAP.RWBF what its CPUs write.
 */
export function createOracle(
  setup: Setup,
  keys: readonly Key[] = [],
  nearby: readonly number[] = [],
  keeps = false,
  buffers = true,
): Oracle {
  const worlds = setup.guests.map((guest) => newWorld(guest, nearby, keeps, buffers));
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
