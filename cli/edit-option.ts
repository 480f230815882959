import { InvalidArgumentError } from "commander";
import type { Input } from "../events/input.ts";
import { shortened } from "../events/log/excerpt.ts";
import type { Edit } from "../history/what-if/edit.ts";
import { EditError, inputOfLine } from "../history/what-if/edit.ts";
import type { InvalidationScope } from "../history/what-if/invalidation.ts";
import { invalidationScopes } from "../history/what-if/invalidation.ts";
import { parseNumber } from "./argument.ts";

/** `BEFORE:SCOPE`: where a guest might have invalidated, and how much. */
export interface AskedInvalidation {
  readonly before: number;
  readonly scope: InvalidationScope;
}

/** Options that may be given more than once. */
export const collected =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => [...before, parse(text)];

/** The input of a line of a log; its number is left out. */
export function parseInput(text: string): Input {
  try {
    return inputOfLine(text);
  } catch (error) {
    if (error instanceof EditError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

/** `N:REST` taken apart. */
function numbered(text: string, what: string): readonly [number, string] {
  const [, number, rest] = /^(\d{1,16}):(.*)$/s.exec(text) ?? [];
  if (number === undefined || rest === undefined) {
    throw new InvalidArgumentError(`Expected ${what}, not ${shortened(text)}.`);
  }
  return [parseNumber(number), rest];
}

export const parseRemove = (text: string): Edit => ({ kind: "remove", at: parseNumber(text) });

export function parseInsert(text: string): Edit {
  const [before, line] = numbered(text, 'EVENT:{"input":...}');
  return { kind: "insert", before, input: parseInput(line) };
}

export function parseChange(text: string): Edit {
  const [at, line] = numbered(text, 'EVENT:{"input":...}');
  return { kind: "change", at, input: parseInput(line) };
}

export function parseMove(text: string): Edit {
  const [at, before] = numbered(text, "EVENT:EVENT");
  return { kind: "move", at, before: parseNumber(before) };
}

export function parseInvalidation(text: string): AskedInvalidation {
  const [, number = "", scope] = /^(\d{1,16})(?::(.*))?$/.exec(text) ?? [];
  const found = invalidationScopes.find((one) => one === (scope ?? "global"));
  if (found === undefined) {
    throw new InvalidArgumentError(`Expected EVENT:${invalidationScopes.join("|")}.`);
  }
  return { before: parseNumber(number), scope: found };
}
