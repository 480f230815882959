import { InvalidArgumentError } from "commander";
import { ExpressionError } from "../../history/expression/expression-error.ts";
import { StopError } from "../../history/stop/stop.ts";
import { EditError } from "../../history/what-if/edit.ts";
import { branchVerbs } from "./branch-verbs.ts";
import { lookVerbs } from "./look-verbs.ts";
import { moveVerbs } from "./move-verbs.ts";
import { pageVerbs } from "./page-verbs.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";
import { stateVerbs } from "./state-verbs.ts";
import { stopVerbs } from "./stop-verbs.ts";

const width = 34;

/** What every verb does, a line each. */
export function helpText(): string {
  const lines = verbs.map(({ name, also, usage, summary }) => {
    const names = [name, ...also].join(", ");
    const head = `${names} ${usage}`.trim();
    const gap = head.length < width ? head.padEnd(width) : `${head}\n${" ".repeat(width)}`;
    return `  ${gap}  ${summary}\n`;
  });
  return lines.join("");
}

const help: Verb = {
  name: "help",
  also: ["h", "?"],
  usage: "[verb]",
  summary: "list the verbs",
  run: (_session, [word]) => {
    const one = word === undefined ? undefined : verbNamed(word);
    const text = one === undefined ? helpText() : `${one.name} ${one.usage}\n  ${one.summary}\n`;
    const shown = (one === undefined ? verbs : [one]).map(({ name, also, usage, summary }) => {
      return { name, also, usage, summary };
    });
    return { data: { verbs: shown }, text };
  },
  complete: () => verbs.map(({ name }) => name),
};

/** Everything that a session can be told, in the order of the help text. */
export const verbs: readonly Verb[] = [
  ...moveVerbs,
  ...stopVerbs,
  ...lookVerbs,
  ...stateVerbs,
  ...pageVerbs,
  ...branchVerbs,
  help,
];

/** The verb of a name, or of the beginning of one that only it has. */
export function verbNamed(word: string): Verb {
  const exact = verbs.find(({ name, also }) => name === word || also.includes(word));
  if (exact !== undefined) return exact;
  const near = verbs.filter(({ name }) => name.startsWith(word));
  const [only] = near;
  if (only !== undefined && near.length === 1) return only;
  const hint = near.length === 0 ? "help lists the verbs" : near.map(({ name }) => name).join(", ");
  throw new VerbError(`${word}: no such verb; ${hint}`);
}

const wordsOf = (text: string): readonly string[] =>
  text.split(/\s+/).filter((word) => word !== "");

/** What a line comes to: an answer, or why there is none, in one line. */
export type Outcome =
  | { readonly verb: string; readonly said: Said }
  | { readonly verb: string; readonly error: string };

const isAboutLine = (error: unknown): error is Error =>
  error instanceof VerbError ||
  error instanceof StopError ||
  error instanceof ExpressionError ||
  error instanceof EditError ||
  error instanceof InvalidArgumentError;

/** Carries out one line in a session. What cannot be carried out leaves the session as it was. */
export function tell(session: Session, line: string): Outcome {
  const [, word = "", rest = ""] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(line) ?? [];
  try {
    const verb = verbNamed(word);
    return { verb: verb.name, said: verb.run(session, wordsOf(rest), rest) };
  } catch (error) {
    if (!isAboutLine(error)) throw error;
    const [first = ""] = error.message.split("\n", 1);
    return { verb: word, error: first };
  }
}

/**
 * What a line may go on with: words that begin with its last one, and that last one.
 */
export function completions(
  session: Session,
  line: string,
): readonly [found: readonly string[], last: string] {
  const [, word = "", rest] = /^\s*(\S*)(?:\s+(.*))?$/s.exec(line) ?? [];
  if (rest === undefined) {
    return [verbs.map(({ name }) => name).filter((name) => name.startsWith(word)), word];
  }
  const words = rest.split(/\s+/);
  const last = words.at(-1) ?? "";
  const verb = verbs.find(({ name, also }) => name === word || also.includes(word));
  const known = verb?.complete?.(session, words) ?? [];
  return [known.filter((one) => one.startsWith(last)), last];
}
