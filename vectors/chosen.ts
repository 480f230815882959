import type { Input } from "../events/input.ts";
import { parseJson } from "../events/json.ts";
import { encodeInput, parseEvent } from "../events/log/log.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { profiles } from "../events/profile/profiles.ts";
import { abilitiesOf } from "../target/ability.ts";
import type { Ability } from "../target/implementation.ts";
import { sendableInputs } from "../target/sendable.ts";
import { isCertain } from "./certain.ts";
import kept from "./chosen.json" with { type: "json" };
import type { Made } from "./make.ts";
import { makeSteps } from "./make.ts";
import { facets, nameOf } from "./rules/all.ts";
import type { Vector } from "./vector.ts";

/** A program that was chosen, as it is kept: what follows from it is made anew. */
export interface Chosen {
  readonly id: string;
  /** The profile that it was chosen for. */
  readonly profile: keyof typeof profiles;
  readonly why: string;
  /** What it was chosen for: sides of rules, and seeded bugs. */
  readonly shows: readonly string[];
  readonly kills: readonly string[];
  /** Where it was found: which program of which seed; nothing of one that was written by hand. */
  readonly from?: { readonly seed: number; readonly program: number };
  readonly inputs: readonly Input[];
}

/** A chosen program as JSON has it. */
export interface KeptChosen extends Omit<Chosen, "inputs" | "profile"> {
  readonly profile: string;
  readonly inputs: readonly object[];
}

/** A chosen program by what is kept of it. @throws LogError for an input that is none. */
export const chosenOf = ({ inputs, profile, ...rest }: KeptChosen): Chosen => ({
  ...rest,
  profile: profile as keyof typeof profiles,
  inputs: inputs.map((fields, index) => {
    const event = parseEvent(JSON.stringify({ seq: index + 1, ...fields }), index + 1);
    if (!("input" in event)) throw new Error(`${rest.id}: a fact among its inputs`);
    return event.input;
  }),
});

/** A chosen program as it is kept. */
export const keptOf = ({ inputs, ...rest }: Chosen): KeptChosen => ({
  ...rest,
  inputs: inputs.map((input) => {
    const { seq: _, ...fields } = parseJson(encodeInput(1, input)) as { readonly seq: number };
    return fields;
  }),
});

/** The programs that were chosen. */
export const allChosen = (): readonly Chosen[] => (kept as readonly KeptChosen[]).map(chosenOf);

/** What a target has to be able to do for some inputs. */
export function needsOf(inputs: readonly Input[]): readonly Ability[] {
  const needs = new Set<Ability>();
  for (const input of inputs) {
    if (input.type === "MsiRequest") needs.add("interrupts");
    if (input.type === "AtsRequest" || input.type === "DeviceTlbAnswer") needs.add("ats");
    if (input.type === "PageRequest") needs.add("pageRequests");
    if ("pasid" in input && input.pasid !== undefined) needs.add("pasid");
  }
  return [...needs];
}

/** The names of the facets that a program shows in a unit. */
export const shownBy = (profile: Profile, { trail }: Made): readonly string[] =>
  facets.filter((each) => each.shows({ profile, trail })).map(nameOf);

/** The rule of a facet's name. */
const ruleOf = (name: string): string => name.replace(/ .*/, "");

/** The sides of rules that a case is about: those it was chosen for, else all that it shows. */
function rulesOf({ shows }: Chosen, shown: readonly string[]): readonly string[] {
  const own = shows.filter((each) => shown.includes(each));
  return [...new Set([...own, ...shown].map(ruleOf))];
}

/** A chosen program as a vector. */
export function vectorFrom(profile: Profile, chosen: Chosen, made: Made): Vector {
  const { id, why, inputs } = chosen;
  const rules = rulesOf(chosen, shownBy(profile, made));
  return { id, rules, why, needs: needsOf(inputs), steps: made.steps };
}

/** Whether two programs ask the same. */
export const same = (one: readonly Input[], other: readonly Input[]): boolean => {
  const textOf = (inputs: readonly Input[]): string =>
    inputs.map((input) => encodeInput(1, input)).join("\n");
  return textOf(one) === textOf(other);
};

/**
 * What a chosen program is for a unit: a vector, if the unit can be asked all of it, only one
 * answer to each request is right, and it shows what it was chosen for.
 */
export function vectorFor(profile: Profile, chosen: Chosen): Vector | undefined {
  const { inputs, shows } = chosen;
  const can = new Set(abilitiesOf(profile));
  if (needsOf(inputs).some((each) => !can.has(each))) return undefined;
  if (!same(sendableInputs(profile, inputs, can), inputs)) return undefined;
  const made = makeSteps(profile, inputs);
  const shown = shownBy(profile, made);
  if (shows.some((each) => !shown.includes(each))) return undefined;
  return isCertain(profile, inputs, made) ? vectorFrom(profile, chosen, made) : undefined;
}

/** A vector, and the program that it was made of. */
export interface MadeVector {
  readonly vector: Vector;
  readonly chosen: Chosen;
}

/**
 * The vectors of a unit, in the order in which they were chosen; after each program that was looked
 * at, how many were and how many there are.
 */
export function* makingVectors(profile: Profile) {
  const all = allChosen();
  const made: MadeVector[] = [];
  for (const [index, chosen] of all.entries()) {
    const vector = vectorFor(profile, chosen);
    if (vector !== undefined) made.push({ vector, chosen });
    yield { done: index + 1, all: all.length };
  }
  return made;
}

/** The vectors of a unit, in the order in which they were chosen. */
export function vectorsOf(profile: Profile): readonly MadeVector[] {
  const making = makingVectors(profile);
  for (;;) {
    const { done, value } = making.next();
    if (done === true) return value;
  }
}
