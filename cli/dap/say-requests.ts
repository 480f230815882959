import type { DebugProtocol } from "@vscode/debugprotocol";
import { hex } from "../../events/address.ts";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import { ExpressionError } from "../../history/expression/expression-error.ts";
import { changesIn } from "../../history/lifeline/lifeline.ts";
import { registerIn } from "../../history/stop/register-change.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import { moveVerbs } from "../session/move-verbs.ts";
import type { Session } from "../session/session.ts";
import { VerbError } from "../session/session.ts";
import { completions, tell, verbs } from "../session/verbs.ts";
import type { Adapter, Handler } from "./adapter.ts";
import { sessionOf, stopped } from "./adapter.ts";
import { guestAt } from "./frames.ts";
import { eventItems } from "./state-tree.ts";

/** What a name has: a field of the event where one is, or a register. */
function valueNamed(session: Session, name: string): string | undefined {
  const field = eventItems(session, session.at).find((one) => one.name === name);
  if (field !== undefined) return field.value;
  const world = worldAt(session.timeline, session.at);
  const value = world && registerIn(world, guestAt(session), name);
  return value === undefined ? undefined : hex(value);
}

function isSo(session: Session, text: string): string {
  const question = questionOf(session.timeline, parseExpression(text), changesIn(session.timeline));
  return question.isTrueAt(session.at) ? "true" : "false";
}

const named = (list: typeof verbs, text: string): boolean => {
  const [word = ""] = text.trim().split(/\s/, 1);
  return list.some(({ name, also }) => name === word || also.includes(word));
};

/** Carries out a verb; who goes somewhere by it, or into a what-if, is shown the place. */
function say(adapter: Adapter, session: Session, text: string): string {
  const { at, timeline } = session;
  const outcome = tell(session, text);
  if ("error" in outcome) throw new VerbError(outcome.error);
  if (session.at !== at || session.timeline !== timeline) stopped(adapter, "goto");
  return outcome.said.text.trimEnd();
}

/**
 * A name's value; an expression about the event; or a verb, as in the terminal. Who looks at a
 * value on the way, as editors do after each step, goes nowhere by it.
 */
function evaluate(
  adapter: Adapter,
  { expression, context }: DebugProtocol.EvaluateArguments,
): object {
  const session = sessionOf(adapter);
  const text = expression.trim();
  if (text === "") throw new VerbError("say what: a name, an expression or a verb");
  const isAsked = context === "repl" || context === undefined;
  const value = valueNamed(session, text);
  if (value !== undefined) return { result: value, variablesReference: 0 };
  const changing = ["what-if", "mark", "break", "watch", "delete"];
  const mayChange = named(moveVerbs, text) || changing.includes(text.split(/\s/, 1)[0] ?? "");
  if (named(verbs, text) && (isAsked || !mayChange)) {
    return { result: say(adapter, session, text), variablesReference: 0 };
  }
  try {
    return { result: isSo(session, text), variablesReference: 0 };
  } catch (error) {
    if (error instanceof ExpressionError) throw new VerbError(error.message);
    throw error;
  }
}

function complete(adapter: Adapter, args: DebugProtocol.CompletionsArguments): object {
  const session = sessionOf(adapter);
  const { text, column } = args;
  const line = text.slice(0, Math.max(0, column - 1));
  const [found, last] = completions(session, line);
  return {
    targets: found.map((label) => ({
      label,
      start: line.length - last.length,
      length: last.length,
    })),
  };
}

/** Requests that say something in words. */
export const sayRequests: Readonly<Record<string, Handler>> = {
  evaluate,
  completions: complete,
};
