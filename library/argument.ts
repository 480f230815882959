import { checkInput, checkSetup } from "../events/event-check.ts";
import type { Input } from "../events/input.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import type { Setup } from "../events/setup.ts";
import { reading } from "../events/shape-from-value.ts";
import type { Step } from "../history/step.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Whether a guest has a place for everything; not what is in it. */
const isGuest = (guest: Guest): boolean =>
  isObject(guest) &&
  [guest.profile, guest.registers, guest.charts, guest.queue, guest.faults].every(isObject) &&
  [guest.memory, guest.p2m, guest.tables, guest.devices, guest.hosts].every(isObject);

/**
 * The world itself, which is to be one that `createWorld`, `fold` and `evolve` gave.
 *
 * @throws MalformedError when it is not made like one.
 */
export const checkWorld = (world: World, subject = "world"): World =>
  reading(subject, () => {
    const isWorld = Number.isSafeInteger(world.seq) && Array.isArray(world.guests);
    if (isWorld && isObject(world.owners) && world.guests.every(isGuest)) return world;
    throw new MalformedError(subject, "", "expected one, as createWorld and fold give it");
  });

/**
 * What a part of a value is read as.
 *
 * @param path  the part, for the error: its own field follows.
 * @throws MalformedError of the whole.
 */
export function within<T>(subject: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const joint = error.field === "" || error.field.startsWith("[") ? "" : ".";
    throw new MalformedError(subject, `${path}${joint}${error.field}`, error.reason);
  }
}

/** @throws MalformedError when a world has no such guest. */
export function checkGuestIn(
  { guests }: World,
  guest: number,
  [subject, field]: readonly [string, string],
): void {
  if (guest < guests.length) return;
  const known = guests.length.toString();
  throw new MalformedError(
    subject,
    field,
    `there is no guest ${guest.toString()}; guests: ${known}`,
  );
}

/** A number of an event up to which something is to be looked at. @throws MalformedError */
export function checkUntil(until: number | undefined): number | undefined {
  if (until === undefined || (Number.isSafeInteger(until) && until >= 0)) return until;
  const found = nameOfValue(until);
  throw new MalformedError("until", "", `expected the number of an event, found ${found}`);
}

/** The inputs, each checked as it is asked for. @throws MalformedError that says which it is. */
function* eachInput(inputs: Iterable<Input>): Generator<Input, void, void> {
  const iterator: unknown = reading("inputs", () => inputs[Symbol.iterator]());
  if (!isObject(iterator)) {
    const found = nameOfValue(iterator);
    throw new MalformedError("inputs", "", `expected a list of them, whose iterator is ${found}`);
  }
  let index = 0;
  for (const input of { [Symbol.iterator]: () => iterator as Iterator<Input> }) {
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

/** The inputs of a list, each checked as it is asked for. @throws MalformedError */
export function checkInputs(inputs: Iterable<Input>): Iterable<Input> {
  const isList = reading("inputs", () => typeof inputs?.[Symbol.iterator] === "function");
  if (isList) return eachInput(inputs);
  throw new MalformedError("inputs", "", `expected a list of them, found ${nameOfValue(inputs)}`);
}

/** A set-up and inputs, as a copy that nobody else can change. @throws MalformedError */
export function checkProgram(program: { readonly setup: Setup; readonly inputs: Iterable<Input> }) {
  const { setup, inputs } = reading("program", () => ({
    setup: program.setup,
    inputs: program.inputs,
  }));
  return { setup: checkSetup(setup), inputs: [...checkInputs(inputs)] };
}

const isEvent = (event: { readonly type: string }): boolean =>
  isObject(event) && typeof event.type === "string";

/** The step itself: it has a number, an input and facts. @throws MalformedError */
export function checkEvents(step: Step): Step {
  const isStep = reading("step", () => {
    const { seq, input, facts } = step;
    const isCounted = Number.isSafeInteger(seq) && isEvent(input);
    // What is missing in a list is passed by, where each item is asked about.
    return isCounted && Array.isArray(facts) && Array.from(facts).every(isEvent);
  });
  if (isStep) return step;
  throw new MalformedError("step", "", "expected one, as steps gives it");
}
