import type { Fact } from "./fact.ts";
import { facts } from "./fact.ts";
import type { FieldTable } from "./field.ts";
import { oneOf } from "./field.ts";
import type { Input } from "./input.ts";
import { inputs } from "./input.ts";
import { impossible } from "./input-check.ts";
import { MalformedError, nameOfValue } from "./malformed-error.ts";
import type { Setup } from "./setup.ts";
import { guestsError, setup } from "./setup.ts";
import { reading, shapeFromValue } from "./shape-from-value.ts";

type Tables = ReadonlyMap<string, FieldTable>;

const tablesOf = (events: Readonly<Record<string, FieldTable>>): Tables =>
  new Map(Object.entries(events).map(([type, fields]) => [type, { type: oneOf(type), ...fields }]));

const inputTables = tablesOf(inputs);
const factTables = tablesOf(facts);
const eventTables: Tables = new Map([...inputTables, ...factTables]);

/** The event that a value is, by some tables. */
function eventFrom(value: unknown, subject: string, tables: Tables): { readonly type: string } {
  const type = reading(subject, () => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new MalformedError(subject, "", `expected an object, found ${nameOfValue(value)}`);
    }
    return "type" in value ? value.type : undefined;
  });
  const table = tables.get(type as string);
  if (table === undefined) {
    throw new MalformedError(subject, "type", `there is no ${subject} ${nameOfValue(type)}`);
  }
  return shapeFromValue(type as string, table, value) as { readonly type: string };
}

function checkPossible(input: Input): Input {
  const wrong = impossible(input);
  if (wrong === undefined) return input;
  throw new MalformedError(input.type, wrong.field, wrong.why);
}

/**
 * The input that a value is, as a copy that nobody else can change.
 *
 * @throws MalformedError when it is none, that names the field: what a log may not say either.
 */
export const checkInput = (value: unknown): Input =>
  checkPossible(eventFrom(value, "input", inputTables) as Input);

/**
 * The fact that a value is, as a copy that nobody else can change.
 *
 * @throws MalformedError when it is none, that names the field.
 */
export const checkFact = (value: unknown): Fact => eventFrom(value, "fact", factTables) as Fact;

/**
 * The input or fact that a value is, as a copy that nobody else can change.
 *
 * @throws MalformedError when it is none, that names the field.
 */
export function checkEvent(value: unknown): Input | Fact {
  const event = eventFrom(value, "event", eventTables);
  return inputTables.has(event.type) ? checkPossible(event as Input) : (event as Fact);
}

/**
 * The set-up that a value is, as a copy that nobody else can change.
 *
 * @throws MalformedError when it is none, that names the field: what the first line of a log may
 *   not say either.
 */
export function checkSetup(value: unknown): Setup {
  const checked = shapeFromValue("set-up", setup, value);
  const wrong = guestsError(checked);
  if (wrong === undefined) return checked;
  throw new MalformedError("set-up", "guests", wrong);
}
