import type { ASTNode, ParseResult } from "@marcbachmann/cel-js";
import { Environment } from "@marcbachmann/cel-js";
import { ExpressionError } from "./expression-error.ts";
import type { NameType } from "./name.ts";
import { expressionNames } from "./name.ts";

/** What an expression asks of an event. */
export interface EventView {
  /** What a name has; `null` where the event has no such field. */
  readonly valueOf: (name: string) => unknown;
  /** Whether `length` bytes of guest memory from `gpa` on are written. */
  readonly writes: (gpa: bigint, length: bigint) => boolean;
  /** Whether the translation of a page changed. */
  readonly changes: (device: string, iova: bigint, pasid: bigint | undefined) => boolean;
}

/** The event that is asked about: evaluation is never interrupted. */
let current: EventView | undefined;

/** Declares the names: by their types to check an expression, without any to evaluate it. */
function declare(typed: boolean): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false });
  for (const { name, type } of expressionNames) {
    environment.registerVariable(name, typed ? type : "dyn");
  }
  environment.registerFunction(
    "writes(int): bool",
    (gpa: bigint) => current?.writes(gpa, 1n) === true,
  );
  environment.registerFunction(
    "writes(int, int): bool",
    (gpa: bigint, length: bigint) => current?.writes(gpa, length) === true,
  );
  environment.registerFunction(
    "changes(string, int): bool",
    (device: string, iova: bigint) => current?.changes(device, iova, undefined) === true,
  );
  environment.registerFunction(
    "changes(string, int, int): bool",
    (device: string, iova: bigint, pasid: bigint) => current?.changes(device, iova, pasid) === true,
  );
  return environment;
}

/** A field may be missing: everything may be compared with null. */
const nullable: readonly NameType[] = ["int", "string", "bool", "bytes", "list", "map"];

function declareTyped(): Environment {
  const environment = declare(true);
  for (const type of nullable) environment.registerOperator(`${type} == null`, () => false);
  return environment;
}

const typed = declareTyped();
const untyped = declare(false);

/** A part of an expression that can be evaluated. */
export type Program = (view: EventView) => boolean | "error";

interface Located {
  readonly summary?: string;
  readonly range?: { readonly start: number };
}

/** What the library says of a text that is no expression, in one line. */
function errorOf(error: unknown): ExpressionError {
  const { summary = String(error), range } = error as Located;
  return new ExpressionError((range?.start ?? 0) + 1, summary.split("\n", 1)[0] ?? summary);
}

/** Adds the names that a part of an expression uses. */
function addNames(node: unknown, names: Set<string>): void {
  if (Array.isArray(node)) for (const one of node) addNames(one, names);
  if (typeof node !== "object" || node === null || !("op" in node)) return;
  const { op, args } = node as ASTNode;
  if (op === "id") names.add(args);
  else addNames(args, names);
}

/** The names of events' values that a part of an expression uses. */
export function namesIn(node: ASTNode): readonly string[] {
  const names = new Set<string>();
  addNames(node, names);
  return expressionNames.flatMap(({ name }) => (names.has(name) ? [name] : []));
}

/** Whether a part calls what is about the event as a whole. */
export function callsEvent(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(callsEvent);
  if (typeof node !== "object" || node === null || !("op" in node)) return false;
  const { op, args } = node as ASTNode;
  return (op === "call" && /^(writes|changes)$/.test(args[0])) || callsEvent(args);
}

function programOf(parsed: ParseResult): Program {
  const names = namesIn(parsed.ast);
  return (view) => {
    const values: Record<string, unknown> = {};
    for (const name of names) values[name] = view.valueOf(name);
    const before = current;
    current = view;
    try {
      const result: unknown = parsed(values);
      return typeof result === "boolean" ? result : "error";
    } catch {
      // What cannot be said of an event, as that a missing address is below another, is not so.
      return "error";
    } finally {
      current = before;
    }
  };
}

/** The program of a part of an expression that was checked as a whole. */
export const programOfNode = (node: ASTNode): Program =>
  programOf(untyped.parse(node.input.slice(node.start, node.end)));

const longestText = 10_000;

/** An expression that was checked. */
export interface Checked {
  readonly ast: ASTNode;
  readonly program: Program;
}

/**
 * Reads and checks an expression.
 *
 * @throws ExpressionError when it is none, names what there is not, compares what cannot be
 *   compared, or is neither true nor false.
 */
export function checkExpression(text: string): Checked {
  if (text.length > longestText) {
    throw new ExpressionError(longestText, `longer than ${longestText.toString()} characters`);
  }
  try {
    const { valid, type, error } = typed.check(text);
    if (!valid) throw errorOf(error);
    if (type !== "bool" && type !== "dyn") {
      throw new ExpressionError(1, `gives ${type ?? "nothing"}, not true or false`);
    }
    const parsed = untyped.parse(text);
    return { ast: parsed.ast, program: programOf(parsed) };
  } catch (error) {
    throw error instanceof ExpressionError ? error : errorOf(error);
  }
}
