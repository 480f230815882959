import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import { reading } from "../events/shape-from-value.ts";
import type { Step } from "../history/step.ts";
import type { Subscriber } from "../history/subscriber.ts";
import { notify as tell } from "../history/subscriber.ts";
import { checkEvents } from "./argument.ts";

/** @throws MalformedError when it is no object, or what it has for a type is no function. */
function checkSubscriber(subscriber: Subscriber, index: number): void {
  const subject = `subscribers[${index.toString()}]`;
  if (typeof subscriber !== "object" || subscriber === null) {
    throw new MalformedError(subject, "", `expected an object, found ${nameOfValue(subscriber)}`);
  }
  for (const [type, value] of reading(subject, () => Object.entries<unknown>(subscriber))) {
    if (value === undefined || typeof value === "function") continue;
    throw new MalformedError(subject, type, `expected a function, found ${nameOfValue(value)}`);
  }
}

/**
 * Tells subscribers of the facts of a step, in order. What a subscriber throws is passed on.
 *
 * @throws MalformedError when the step is none, or a subscriber has no function for a type.
 */
export function notify(step: Step, ...subscribers: readonly Subscriber[]): void {
  checkEvents(step);
  for (const [index, subscriber] of subscribers.entries()) checkSubscriber(subscriber, index);
  tell(step, ...subscribers);
}
