import type { ReadonlySignal } from "@preact/signals";
import { effect, signal } from "@preact/signals";
import type { Question, Questions } from "../protocol.ts";
import type { Client } from "./client.ts";

/** What is known of an answer: the last one stays until there is a newer one. */
export interface Known<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly isWaiting: boolean;
}

/**
 * The answer to a question that follows from signals. While one is being answered only the newest
 * of the later ones is kept, so that a fast hand does not fill the engine with what nobody wants.
 *
 * @param of  what is asked; `undefined` while nothing is, which leaves no answer.
 */
export function resource<Q extends Question>(
  client: Client,
  question: Q,
  of: () => Questions[Q][0] | undefined,
): ReadonlySignal<Known<Questions[Q][1]>> {
  type Answer = Questions[Q][1];
  const none: Known<Answer> = { value: undefined, error: undefined, isWaiting: false };
  const known = signal<Known<Answer>>(none);
  let wanted: Questions[Q][0] | undefined;
  let isBusy = false;
  const run = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    while (wanted !== undefined) {
      const asked = wanted;
      try {
        const value = await client.ask(question, asked);
        if (wanted === undefined) break;
        known.value = { value, error: undefined, isWaiting: wanted !== asked };
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        known.value = { ...known.peek(), error: text, isWaiting: wanted !== asked };
      }
      if (wanted === asked) break;
    }
    isBusy = false;
  };
  effect(() => {
    wanted = of();
    if (wanted === undefined) known.value = none;
    else {
      known.value = { ...known.peek(), isWaiting: true };
      void run();
    }
  });
  return known;
}
