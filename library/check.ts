import { checkEvent, checkFact, checkInput, checkSetup } from "../events/event-check.ts";
import type { Fact } from "../events/fact.ts";
import { integer } from "../events/field.ts";
import type { Input } from "../events/input.ts";
import type { LogEvent } from "../events/log/log.ts";
import { encodeEvent as encode, encodeHeader as encodeFirst } from "../events/log/log.ts";
import { MalformedError } from "../events/malformed-error.ts";
import type { Setup } from "../events/setup.ts";
import { reading, shapeFromValue } from "../events/shape-from-value.ts";
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

/** The world itself. @throws MalformedError when it has no number or no guests. */
const checkWorld = (world: World): World =>
  reading("world", () => {
    if (Number.isSafeInteger(world.seq) && Array.isArray(world.guests)) return world;
    throw new MalformedError("world", "", "expected one, as createWorld and fold give it");
  });

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
 *   the input's.
 * @throws MalformedError, and nothing else, when the value is no input at all: it names the field.
 */
export const fold = (world: World, input: Input): Folded =>
  foldInput(checkWorld(world), checkInput(input));

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

/** The inputs, each checked as it is asked for. @throws MalformedError that says which it is. */
function* checkInputs(inputs: Iterable<Input>): Generator<Input, void, void> {
  if (typeof inputs?.[Symbol.iterator] !== "function") {
    throw new MalformedError("inputs", "", "expected a list of them");
  }
  let index = 0;
  for (const input of inputs) {
    try {
      yield checkInput(input);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const { subject, field, reason } = error;
      throw new MalformedError(`inputs[${index.toString()}]: ${subject}`, field, reason);
    }
    index += 1;
  }
}

/**
 * Folds inputs one by one, as they are asked for, and tells of each what followed and the worlds
 * before and after.
 *
 * @param until  number of the last event to take in; all of them when missing.
 * @throws MalformedError at the first value that is no input: it says which it is, and the field.
 */
export function* steps(
  start: World,
  inputs: Iterable<Input>,
  until?: number,
): Generator<Step, void, void> {
  yield* stepsOf(checkWorld(start), checkInputs(inputs), until);
}

/**
 * Translates an address of a device three ways, uncached: by the guest's own tables, by those and
 * then the P2M, and by what the host keeps; with every entry that the walk reads. A device that is
 * not there is walked under its own source-id. Without an access it is a read.
 *
 * @throws MalformedError when the question is none: it names the field.
 */
export function translate(world: World, question: Omit<Question, "at">): Translation {
  const asked = checkQuestion(question);
  const { guest = 0, device, iova, access = "read" } = asked;
  return translateFor(checkWorld(world), guest, device, iova, askedOf(asked, access));
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
 * @throws MalformedError when one of the inputs is none, or the question: it names the field.
 */
export const why = (start: World, inputs: readonly Input[], question: Question): Explanation =>
  explain(checkWorld(start), [...checkInputs(inputs)], checkQuestion(question));

/**
 * The first line of a log, without the line's end.
 *
 * @throws MalformedError when the set-up is none: it names the field.
 */
export const encodeHeader = (setup: Setup): string => encodeFirst(checkSetup(setup));

const numbers = { seq: integer(1, Number.MAX_SAFE_INTEGER) };

/** A number of an event. @throws MalformedError when it is none. */
const checkNumber = (seq: unknown): number => shapeFromValue("log event", numbers, { seq }).seq;

/**
 * The line of an input or a fact, without the line's end.
 *
 * @throws MalformedError when the event is none: it names the field.
 */
export const encodeEvent = (event: LogEvent): string =>
  reading("log event", () => {
    const seq = checkNumber(event.seq);
    if ("input" in event) return encode({ seq, input: checkInput(event.input) });
    return encode({ seq, cause: checkNumber(event.cause), fact: checkFact(event.fact) });
  });
