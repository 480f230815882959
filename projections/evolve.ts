import { pageOf } from "../events/address.ts";
import type { Fact, FactOf, FactType } from "../events/fact.ts";
import { facts } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { disown, own } from "../tables/p2m.ts";
import { pagesFrom } from "../tables/range.ts";
import { evolvers } from "./evolvers.ts";
import type { Guest } from "./guest.ts";
import { cacheFlushed, memoryWritten } from "./memory/evolve-memory.ts";
import type { World } from "./world.ts";

/** An input or a fact. */
export type Event = Input | Fact;

const isFact = (event: Event): event is Fact => Object.hasOwn(facts, event.type);

/** Who owns which host frames once a P2M fact took effect. */
function ownersAfter(world: World, guest: Guest, fact: Fact): World["owners"] {
  if (fact.type === "P2mUnmapped") {
    const { first, end } = pagesFrom(fact.gpa, fact.length);
    return disown(world.owners, guest.p2m, first, end);
  }
  if (fact.type !== "P2mMapped") return world.owners;
  const first = pageOf(fact.gpa);
  const count = pageOf(fact.length);
  const freed = disown(world.owners, guest.p2m, first, first + count);
  return own(freed, guest.index, first, pageOf(fact.hpa), count);
}

type Evolver = (guest: Guest, fact: FactOf<FactType>, seq: number) => Guest;

function guestAfterInput(guest: Guest, input: Input, seq: number): Guest {
  if (input.type === "MemoryWrite") return memoryWritten(guest, input, seq);
  if (input.type === "CacheFlush") return cacheFlushed(guest, input, seq);
  return guest;
}

const isP2mFact = (fact: Fact): boolean => fact.type === "P2mMapped" || fact.type === "P2mUnmapped";

/**
 * The world after one more event. Of the inputs only writes to memory and flushes act by
 * themselves; whatever else an input does follows from its facts. Never throws; an event about a
 * guest that does not exist only counts.
 */
export const evolve = (world: World, event: Event): World =>
  isFact(event) ? evolveFact(world, event) : evolveInput(world, event);

/** The world after one more input. */
export function evolveInput(world: World, input: Input): World {
  const seq = world.seq + 1;
  const { guests, owners } = world;
  const guest = guests[input.guest ?? 0];
  if (guest === undefined) return { seq, guests, owners };
  return { seq, guests: replaced(guests, guest, guestAfterInput(guest, input, seq)), owners };
}

/** The world after one more fact. */
export function evolveFact(world: World, fact: Fact): World {
  const seq = world.seq + 1;
  const { guests, owners } = world;
  const guest = guests[fact.guest ?? 0];
  const evolver = evolvers[fact.type] as Evolver | undefined;
  if (guest === undefined || evolver === undefined) return { seq, guests, owners };
  const next = replaced(guests, guest, evolver(guest, fact, seq));
  return { seq, guests: next, owners: isP2mFact(fact) ? ownersAfter(world, guest, fact) : owners };
}

function replaced(guests: World["guests"], old: Guest, guest: Guest): World["guests"] {
  if (guest === old) return guests;
  return guests.length === 1 ? [guest] : guests.map((one) => (one === old ? guest : one));
}
