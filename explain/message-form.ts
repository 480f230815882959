import type { MessageSeen, Origin } from "./observation.ts";
import type { Recogniser } from "./recogniser.ts";

/** What a message of one kind means. `form` has a group for each name of `facts`. */
export interface MessageForm {
  readonly form: RegExp;
  readonly severity: MessageSeen["severity"];
  readonly what: string;
  readonly means: string;
  /** Names of the form's groups, as they are shown. */
  readonly facts?: readonly string[];
  readonly next?: readonly string[];
}

/** Reads messages of the forms of a table. */
export const messageReader =
  (from: Origin, forms: readonly MessageForm[]): Recogniser =>
  (words) => {
    for (const { form, facts = [], severity, what, means, next } of forms) {
      const match = form.exec(words);
      if (match === null) continue;
      const values = facts.flatMap((name, index) => {
        const value = match[index + 1];
        return value === undefined ? [] : [[name, value.trim()] as const];
      });
      return {
        kind: "message",
        from,
        severity,
        what,
        means,
        facts: values.length === 0 ? undefined : Object.fromEntries(values),
        next,
      };
    }
    return undefined;
  };
