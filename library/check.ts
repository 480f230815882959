import { checkEvent, checkInput, checkSetup } from "../events/event-check.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { MalformedError } from "../events/malformed-error.ts";
import type { Setup } from "../events/setup.ts";
import type { Explanation } from "../history/explanation.ts";
import type { Question } from "../history/question.ts";
import { askedOf, checkQuestion } from "../history/question.ts";
import type { Step } from "../history/step.ts";
import { stepsOf } from "../history/step.ts";
import { why as explain } from "../history/why.ts";
import { createWorld as createFrom } from "../hypervisor/create-world.ts";
import type { Folded } from "../hypervisor/fold.ts";
import { fold as foldInput } from "../hypervisor/fold.ts";
import type { Translation } from "../hypervisor/translate/three-answers.ts";
import { translate as translateFor } from "../hypervisor/translate/translate.ts";
import type { Event } from "../projections/evolve.ts";
import { evolve as evolveOver } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";
import { checkGuestIn, checkInputs, checkUntil, checkWorld } from "./argument.ts";
import { ownFolded, ownStep } from "./handed-out.ts";

/**
 * The world that a set-up describes, with event number 0: units just reset, P2M, reserved regions
 * and devices in place.
 *
 * @throws MalformedError that names the field of the set-up that is missing, unknown or out of its
 *   range; ProfileError when capability words contradict each other; SetupError when a P2M range, a
 *   reserved region or a device cannot be.
 */
export const createWorld = (setup: Setup): World => createFrom(checkSetup(setup));

/**
 * Folds one input: evolves the world over it, decides what follows, evolves over that. Pure: the
 * world that it is given stays as it is.
 *
 * What cannot be is refused with the fact `InputRefused`, whatever a guest, a device or the
 * toolstack asks for.
 *
 * @param world  as `createWorld` or an earlier `fold` gave it.
 * @returns the world after the input and its facts, and the facts in order; their numbers follow
 *   the input's. Their bytes are the caller's own: the world keeps none of them.
 * @throws MalformedError, and nothing else, when the value is no input at all: it names the field.
 */
export const fold = (world: World, input: Input): Folded =>
  ownFolded(foldInput(checkWorld(world), checkInput(input)));

/**
 * The facts that follow from an input, without the world after them.
 *
 * @throws MalformedError when the value is no input at all: it names the field.
 */
export const decide = (world: World, input: Input): readonly Fact[] => fold(world, input).facts;

/**
 * The world after one more event, without deciding anything: for who has the facts already. An
 * input by itself only writes memory or flushes caches.
 *
 * @throws MalformedError when the value is no event at all: it names the field.
 */
export const evolve = (world: World, event: Event): World =>
  evolveOver(checkWorld(world), checkEvent(event));

function* ownSteps(steps: Iterable<Step>): Generator<Step, void, void> {
  for (const step of steps) yield ownStep(step);
}

/**
 * Folds inputs one by one, as they are asked for, and tells of each what followed and the worlds
 * before and after.
 *
 * @param until  number of the last event to take in; all of them when missing.
 * @throws MalformedError at once when there is no world, no list, or `until` is no number of an
 *   event; later at the first value that is no input: it says which it is, and the field.
 */
export const steps = (
  start: World,
  inputs: Iterable<Input>,
  until?: number,
): Generator<Step, void, void> =>
  ownSteps(stepsOf(checkWorld(start), checkInputs(inputs), checkUntil(until)));

/** @throws MalformedError when the guest of a question is not there. */
const checkGuest = (world: World, { guest = 0 }: Question): void =>
  checkGuestIn(world, guest, ["question", "guest"]);

/**
 * Translates an address of a device three ways, uncached: by the guest's own tables, by those and
 * then the P2M, and by what the host keeps; with every entry that the walk reads. A device that is
 * not there is walked under its own source-id. Without an access it is a read.
 *
 * @throws MalformedError when the question is none, or there is no such guest: it names the field.
 */
export function translate(world: World, question: Omit<Question, "at">): Translation {
  const asked = checkQuestion(question);
  checkGuest(checkWorld(world), asked);
  const { guest = 0, device, iova, access = "read" } = asked;
  return translateFor(world, guest, device, iova, askedOf(asked, access));
}

/**
 * Tells why a DMA to one page of one device went where it went, or was blocked: the walk that it
 * met, who wrote each entry on the path, which invalidation announced it, which fact put it into
 * the shadow, which DMA used it.
 *
 * It explains the last DMA to the address or its page that was blocked, else the last one that
 * landed; with `at`, or where there was none, what would become of one after that event.
 *
 * @param start   the world before the first input, as `createWorld` gives it.
 * @param inputs  everything that happened since; folded twice.
 * @throws MalformedError when one of the inputs is none, or the question, or there is no such
 *   guest or event: it names the field.
 */
export function why(start: World, inputs: readonly Input[], question: Question): Explanation {
  const asked = checkQuestion(question);
  checkGuest(checkWorld(start), asked);
  const told = explain(start, [...checkInputs(inputs)], asked);
  if (asked.at === undefined || asked.at === told.at) return told;
  const known = told.at.toString();
  const which = asked.at < told.at ? "first" : "last";
  const reason = `there is no event ${asked.at.toString()}; the ${which} one is ${known}`;
  throw new MalformedError("question", "at", reason);
}
