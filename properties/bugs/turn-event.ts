// Length: one place for all that a mutant does, which is read as a whole.

import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { AnyField } from "../../events/field.ts";
import type { Input } from "../../events/input.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { fieldMask } from "../../events/layout/layout-field.ts";
import type { Profile, ProfileWords } from "../../events/profile/profile.ts";
import { Cap, Ecap, Ver } from "../../events/registers/capability.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import { registerMap } from "../../events/registers/register.ts";
import type { EventMutant, FactMutant, RegisterMutant } from "./event-mutant.ts";
import { wrongValue } from "./wrong-value.ts";

/** The mutant that the model is, and how often it did something that the model would not. */
const now: { mutant: EventMutant | undefined; times: number; isPaused: boolean } = {
  mutant: undefined,
  times: 0,
  isPaused: false,
};

/** Makes the model one mutant, or itself. */
export function become(mutant: EventMutant | undefined): void {
  now.mutant = mutant;
  now.times = 0;
}

/** How often the mutant did something that the model would not. */
export const timesTurned = (): number => now.times;

/** What of the fold's own the mutants look at. */
interface World {
  readonly seq: number;
  readonly guests: readonly { readonly profile: Profile }[];
}

/** Set-ups are made as they must be. */
export function pausing<Made>(make: () => Made): Made {
  const was = now.isPaused;
  now.isPaused = true;
  try {
    return make();
  } finally {
    now.isPaused = was;
  }
}

/** The mutant, when a fact is the one that it is about. */
function aboutFact(fact: Fact): FactMutant | undefined {
  const { mutant, isPaused } = now;
  if (isPaused || mutant?.of !== "fact" || mutant.fact !== fact.type) return undefined;
  return mutant;
}

/** A fact with one field that has another value. */
function spoilt(fact: Fact, field: string): Fact {
  const all: Readonly<Record<string, AnyField>> = facts[fact.type];
  const fields = fact as unknown as Readonly<Record<string, unknown>>;
  const form = all[field];
  const value = form === undefined ? undefined : wrongValue(form, fields[field]);
  if (value === fields[field]) return fact;
  now.times += 1;
  return { ...fields, [field]: value } as unknown as Fact;
}

interface Turn {
  readonly world: World;
  readonly index: number;
  readonly facts: Fact[];
}

/** Records a fact as the mutant does. */
export function turnedRecord<One extends Turn>(
  turn: One,
  fact: Fact,
  record: (turn: One, fact: Fact) => void,
): void {
  const { how, field } = aboutFact(fact) ?? {};
  if (how === "missing" || how === "untold" || how === "twice") now.times += 1;
  switch (how) {
    case "missing":
      return;
    case "untold":
      record(turn, fact);
      turn.facts.pop();
      return;
    case "twice":
      record(turn, fact);
      record(turn, fact);
      return;
    case "wrong":
      record(turn, spoilt(fact, field ?? ""));
      return;
    default:
      record(turn, fact);
  }
}

/** What a fact does to the world as the mutant has it. */
export function turnedEvolve<One extends World>(
  world: One,
  fact: Fact,
  evolve: (world: One, fact: Fact) => One,
): One {
  const { how } = aboutFact(fact) ?? {};
  if (how === "ineffective") {
    now.times += 1;
    return { ...world, seq: world.seq + 1 };
  }
  const count = world.guests.length;
  if (how !== "elsewhere" || count < 2) return evolve(world, fact);
  now.times += 1;
  return evolve(world, { ...fact, guest: ((fact.guest ?? 0) + 1) % count });
}

/** Facts of the mutant's kind each change places with the one before or after. */
function exchanged(told: readonly Fact[], { fact: type, how }: FactMutant): readonly Fact[] {
  const all = [...told];
  const by = how === "early" ? -1 : 1;
  for (let step = 0; step < all.length; step++) {
    const at = how === "early" ? step : all.length - 1 - step;
    const [fact, other] = [all[at], all[at + by]];
    if (fact?.type !== type || other === undefined || other.type === type) continue;
    all[at] = other;
    all[at + by] = fact;
    now.times += 1;
  }
  return all;
}

interface Folded {
  readonly facts: readonly Fact[];
}

/** Folds an input as the mutant does. */
export function turnedFold<Came extends Folded>(
  world: World,
  input: Input,
  fold: (input: Input) => Came,
): Came {
  const { mutant, isPaused } = now;
  if (isPaused || mutant === undefined) return fold(input);
  const came = fold(misread(world, input, mutant));
  if (mutant.of !== "fact" || (mutant.how !== "early" && mutant.how !== "late")) return came;
  return { ...came, facts: exchanged(came.facts, mutant) };
}

/** The registers of the mutant's layout. */
const specsOf = (profile: Profile, { register }: RegisterMutant): readonly RegisterSpec[] =>
  mapOf(profile).filter(({ layout }) => layout.name === register);

const maps = new WeakMap<Profile, readonly RegisterSpec[]>();

function mapOf(profile: Profile): readonly RegisterSpec[] {
  const known = maps.get(profile) ?? registerMap(profile).specs;
  maps.set(profile, known);
  return known;
}

/** The lowest bit of a field that software may change, or the lowest of all. */
function lowestBit({ layout, writable, w1c, w1s }: RegisterSpec, name: string): number {
  const field = layout.fields[name];
  const mask = field === undefined ? 0n : fieldMask(field) & (writable | w1c | w1s);
  if (mask === 0n) return field?.lsb ?? 0;
  let at = 0;
  while (((mask >> BigInt(at)) & 1n) === 0n) at += 1;
  return at;
}

/** The turned bit of the mutant's field in what an access gives or takes; 0 where it has none. */
function bitsIn(profile: Profile, offset: number, size: number, mutant: RegisterMutant): bigint {
  let bits = 0n;
  for (const spec of specsOf(profile, mutant)) {
    const place = 8 * (spec.offset - offset) + lowestBit(spec, mutant.field);
    if (place >= 0 && place < 8 * size) bits |= 1n << BigInt(place);
  }
  return bits;
}

/** What a write to a register is taken for. */
function misread(world: World, input: Input, mutant: EventMutant): Input {
  if (input.type !== "RegisterWrite" || mutant.of !== "register") return input;
  const profile = world.guests[input.guest ?? 0]?.profile;
  if (mutant.how !== "written" || profile === undefined) return input;
  const bits = bitsIn(profile, input.offset, input.size, mutant);
  if (bits !== 0n) now.times += 1;
  return { ...input, value: input.value ^ bits };
}

/** What software reads of a unit that is the mutant. */
export function turnedRead(
  { profile }: { readonly profile: Profile },
  offset: number,
  size: number,
  value: bigint,
): bigint {
  const { mutant, isPaused } = now;
  if (isPaused || mutant?.of !== "register" || mutant.how !== "read") return value;
  const bits = bitsIn(profile, offset, size, mutant);
  if (bits !== 0n) now.times += 1;
  return value ^ bits;
}

const words: readonly (readonly ["ver" | "cap" | "ecap", AnyLayout])[] = [
  ["ver", Ver],
  ["cap", Cap],
  ["ecap", Ecap],
];

/** What capabilities stand for in the mutant; software reads what they are. */
export function turnedProfile(
  given: ProfileWords,
  profileOf: (words: ProfileWords) => Profile,
): Profile {
  const { mutant } = now;
  const right = profileOf(given);
  if (mutant?.of !== "register" || mutant.how !== "meant") return right;
  const [name, of] = words.find(([, one]) => one.name === mutant.register) ?? [];
  const field = of?.fields[mutant.field];
  if (name === undefined || field === undefined) return right;
  const { ver, cap, ecap } = right;
  try {
    const turned = profileOf({ ...given, [name]: given[name] ^ (1n << BigInt(field.lsb)) });
    now.times += 1;
    return Object.freeze({ ...turned, ver, cap, ecap });
  } catch {
    return right;
  }
}
