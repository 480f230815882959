import { pageOf, pagesFrom } from "../events/address.ts";
import type { Fact, FactOf, FactType } from "../events/fact.ts";
import { facts } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Owners } from "../tables/p2m.ts";
import { disown, own } from "../tables/p2m.ts";
import { evolvers } from "./evolvers.ts";
import type { Draft, Guest } from "./guest.ts";
import { flushCache, writeByCpu } from "./memory/evolve-memory.ts";
import type { World } from "./world.ts";

/**
 * A copy of a guest, to change before anybody else sees it. Written out: a spread costs twenty
 * times as much.
 */
export const copyGuest = (guest: Guest): Draft<Guest> => ({
  index: guest.index,
  profile: guest.profile,
  offered: guest.offered,
  base: guest.base,
  registers: guest.registers,
  charts: guest.charts,
  rootPointer: guest.rootPointer,
  compatibilityInterrupts: guest.compatibilityInterrupts,
  interruptTable: guest.interruptTable,
  interruptCache: guest.interruptCache,
  queue: guest.queue,
  faults: guest.faults,
  memory: guest.memory,
  p2m: guest.p2m,
  tables: guest.tables,
  devices: guest.devices,
  hosts: guest.hosts,
  shadows: guest.shadows,
  nextShadow: guest.nextShadow,
  spaces: guest.spaces,
  nextSpace: guest.nextSpace,
  passThroughCache: guest.passThroughCache,
  virtualCaches: guest.virtualCaches,
  inFlight: guest.inFlight,
  deviceTlbs: guest.deviceTlbs,
  pageRequests: guest.pageRequests,
  hostEpoch: guest.hostEpoch,
  keptOut: guest.keptOut,
  dirtyTracking: guest.dirtyTracking,
});

/** Whether two versions of a guest have nothing that differs; written out as `copyGuest` is. */
const isSameGuest = (a: Guest, b: Guest): boolean =>
  a.memory === b.memory &&
  a.queue === b.queue &&
  a.shadows === b.shadows &&
  a.registers === b.registers &&
  a.tables === b.tables &&
  a.hosts === b.hosts &&
  a.index === b.index &&
  a.profile === b.profile &&
  a.offered === b.offered &&
  a.base === b.base &&
  a.charts === b.charts &&
  a.rootPointer === b.rootPointer &&
  a.compatibilityInterrupts === b.compatibilityInterrupts &&
  a.interruptTable === b.interruptTable &&
  a.interruptCache === b.interruptCache &&
  a.faults === b.faults &&
  a.p2m === b.p2m &&
  a.devices === b.devices &&
  a.nextShadow === b.nextShadow &&
  a.spaces === b.spaces &&
  a.nextSpace === b.nextSpace &&
  a.passThroughCache === b.passThroughCache &&
  a.virtualCaches === b.virtualCaches &&
  a.inFlight === b.inFlight &&
  a.deviceTlbs === b.deviceTlbs &&
  a.pageRequests === b.pageRequests &&
  a.hostEpoch === b.hostEpoch &&
  a.keptOut === b.keptOut &&
  a.dirtyTracking === b.dirtyTracking;

/** An input or a fact. */
export type Event = Input | Fact;

const isFact = (event: Event): event is Fact => Object.hasOwn(facts, event.type);

/**
 * A world that events about one guest are being put into, one after the other: the guest is copied
 * once for all of them. Whoever keeps one of its versions takes it by `worldOf`.
 */
export interface WorldDraft {
  /** The world as it began. */
  readonly from: World;
  /** Index of the guest that the events are about. */
  readonly index: number;
  /** Number of the last event. */
  seq: number;
  /** The guest as it is so far; `undefined` when there is none of that number. */
  guest: Guest | undefined;
  /** The same, once it may be written. */
  draft: Draft<Guest> | undefined;
  owners: Owners;
}

export const draftOf = (from: World, index: number): WorldDraft => ({
  from,
  index,
  seq: from.seq,
  guest: from.guests[index],
  draft: undefined,
  owners: from.owners,
});

/** The guest to write into: a copy, made when the first event changes anything. */
function written(world: WorldDraft, guest: Guest): Draft<Guest> {
  const { draft } = world;
  if (draft !== undefined) return draft;
  const copy = copyGuest(guest);
  world.guest = copy;
  world.draft = copy;
  return copy;
}

/** The world with all that was put into a draft, which is not to be used any more. */
export function worldOf({ from, index, seq, draft, owners }: WorldDraft): World {
  const { guests } = from;
  const old = guests[index];
  if (draft === undefined || old === undefined || isSameGuest(old, draft)) {
    return { seq, guests, owners };
  }
  return { seq, guests: guests.length === 1 ? [draft] : guests.with(index, draft), owners };
}

type Granting = FactOf<"P2mMapped"> | FactOf<"P2mUnmapped">;

/** Who owns which host frames once a P2M fact took effect. */
function ownersAfter(owners: Owners, guest: Guest, fact: Granting): Owners {
  if (fact.type === "P2mUnmapped") {
    const { first, end } = pagesFrom(fact.gpa, fact.length);
    return disown(owners, guest.p2m, first, end);
  }
  const first = pageOf(fact.gpa);
  const count = pageOf(fact.length);
  const freed = disown(owners, guest.p2m, first, first + count);
  return own(freed, guest.index, first, pageOf(fact.hpa), count);
}

type Evolver = (guest: Draft<Guest>, fact: FactOf<FactType>, seq: number) => void;

const evolverOf: ReadonlyMap<string, Evolver> = new Map(
  Object.entries(evolvers as Readonly<Record<string, Evolver>>),
);

/** Puts a fact about the draft's guest into it. */
export function putFact(world: WorldDraft, fact: Fact): void {
  world.seq += 1;
  const { guest } = world;
  const { type } = fact;
  const evolver = evolverOf.get(type);
  if (guest === undefined || evolver === undefined) return;
  if (type === "P2mMapped" || type === "P2mUnmapped") {
    world.owners = ownersAfter(world.owners, guest, fact as Granting);
  }
  evolver(written(world, guest), fact, world.seq);
}

/** Puts an input about the draft's guest into it. */
export function putInput(world: WorldDraft, input: Input): void {
  world.seq += 1;
  const { guest } = world;
  if (guest === undefined) return;
  if (input.type === "MemoryWrite") writeByCpu(written(world, guest), input, world.seq);
  else if (input.type === "CacheFlush") flushCache(written(world, guest), input, world.seq);
}

/**
 * The world after one more event. Of the inputs only writes to memory and flushes act by
 * themselves; whatever else an input does follows from its facts. Never throws; an event about a
 * guest that does not exist only counts.
 */
export function evolve(world: World, event: Event): World {
  const draft = draftOf(world, event.guest ?? 0);
  if (isFact(event)) putFact(draft, event);
  else putInput(draft, event);
  return worldOf(draft);
}
