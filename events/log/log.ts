import type { Fact } from "../fact.ts";
import { facts } from "../fact.ts";
import type { AnyField, FieldTable } from "../field.ts";
import { FieldError, shapeFromJson, shapeToJson } from "../field.ts";
import type { Input } from "../input.ts";
import { inputs } from "../input.ts";
import { impossible } from "../input-check.ts";
import type { Setup } from "../setup.ts";
import { guestsError, setup as setupTable } from "../setup.ts";
import { quoted } from "./excerpt.ts";
import type { RawObject } from "./log-error.ts";
import { LogError, parseObject } from "./log-error.ts";
import { checkVersion, formatVersion, modelVersion, upcast } from "./log-version.ts";

/** The first line of a log. */
export interface Header {
  /** The format that the log was written in. */
  readonly version: number;
  readonly model: string;
  readonly setup: Setup;
}

/** A line that is an input. */
export interface LoggedInput {
  readonly seq: number;
  readonly input: Input;
}

/** A line that is a fact. */
export interface LoggedFact {
  readonly seq: number;
  /** The sequence number of the input behind the fact. */
  readonly cause: number;
  readonly fact: Fact;
}

/**
 * Every line but the first. `seq` counts inputs and facts alike, from 1. A log may leave facts
 * out; the numbers of what is left then have gaps, but always increase.
 */
export type LogEvent = LoggedInput | LoggedFact;

/** One field of an event, ready to be read in a loop. */
interface Column {
  readonly name: string;
  readonly toJson: (value: unknown) => unknown;
  readonly fromJson: (raw: unknown) => unknown;
}

type Columns = ReadonlyMap<string, readonly Column[]>;

function columnsOf(tables: Readonly<Record<string, FieldTable>>): Columns {
  const column = ([name, of]: [string, AnyField]): Column => ({
    name,
    toJson: of.toJson as (value: unknown) => unknown,
    fromJson: of.fromJson,
  });
  return new Map(
    Object.entries(tables).map(([type, table]) => [type, Object.entries(table).map(column)]),
  );
}

const inputColumns = columnsOf(inputs);
const factColumns = columnsOf(facts);

function encodeBody(out: Record<string, unknown>, columns: Columns, event: Input | Fact): string {
  const source = event as unknown as RawObject;
  for (const { name, toJson } of columns.get(event.type) ?? []) {
    const value = source[name];
    if (value !== undefined) out[name] = toJson(value);
  }
  return JSON.stringify(out);
}

/** The first line of a log of the newest format, without the line's end. */
export function encodeHeader(setup: Setup): string {
  const head = { shadowfold: formatVersion, model: modelVersion };
  return JSON.stringify({ ...head, ...shapeToJson(setupTable, setup) });
}

/** The line of an input. */
export const encodeInput = (seq: number, input: Input): string =>
  encodeBody({ seq, input: input.type }, inputColumns, input);

/** The line of a fact. */
export const encodeFact = (seq: number, cause: number, fact: Fact): string =>
  encodeBody({ seq, cause, fact: fact.type }, factColumns, fact);

/** The line of either. */
export function encodeEvent(event: LogEvent): string {
  return "input" in event
    ? encodeInput(event.seq, event.input)
    : encodeFact(event.seq, event.cause, event.fact);
}

/**
 * Reads the first line of a log.
 *
 * @throws LogError when it is no header, of a format that cannot be read, or its setup has a
 *   wrong, missing or unknown field.
 */
export function parseHeader(line: string, lineNumber = 1): Header {
  const first = parseObject(line, lineNumber);
  if (!Object.hasOwn(first, "shadowfold")) {
    throw new LogError(lineNumber, `no header: a log starts with {"shadowfold":1,...}`);
  }
  const version = checkVersion(first["shadowfold"], lineNumber);
  const { shadowfold: _, model, ...rest } = upcast(first, version);
  if (typeof model !== "string") throw new LogError(lineNumber, "model: expected text");
  try {
    const setup = shapeFromJson(setupTable, rest);
    const wrong = guestsError(setup);
    if (wrong !== undefined) throw new FieldError(`guests: ${wrong}`);
    return { version, model, setup };
  } catch (error) {
    if (error instanceof FieldError) throw new LogError(lineNumber, error.message);
    throw error;
  }
}

/**
 * Reads the fields of an event; `others` of the object's fields belong to the line, not to the
 * event.
 */
function parseBody(
  type: string,
  columns: readonly Column[],
  raw: RawObject,
  others: number,
  lineNumber: number,
): RawObject {
  const out: Record<string, unknown> = { type };
  let known = others;
  let name = "";
  try {
    for (const column of columns) {
      name = column.name;
      const item = raw[name];
      if (item !== undefined) known++;
      const value = column.fromJson(item);
      if (value !== undefined) out[name] = value;
    }
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new LogError(lineNumber, `${type}: ${name}: ${error.message}`);
  }
  const names = Object.keys(raw);
  if (names.length === known) return out;
  const expected = new Set(["seq", "cause", "fact", "input", ...columns.map((of) => of.name)]);
  const stranger = names.find((of) => !expected.has(of)) ?? "cause";
  throw new LogError(lineNumber, `${type}: unknown field ${quoted(stranger)}`);
}

function parseNumber(raw: unknown, name: string, lineNumber: number): number {
  if (typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 1) return raw;
  throw new LogError(lineNumber, `${name}: expected a whole number from 1`);
}

/**
 * Reads any line but the first.
 *
 * @param lineNumber  the line's number in its file, from 1, for the error.
 * @param after       the number of the event before; the line's own must be greater.
 * @param version     the format that the header names.
 * @throws LogError when the line is not JSON, names no event that exists, has a field that is
 *   missing, unknown, or out of its range, does not count upwards, or is a fact caused by itself
 *   or by something later.
 */
export function parseEvent(
  line: string,
  lineNumber: number,
  after = 0,
  version = formatVersion,
): LogEvent {
  const raw = upcast(parseObject(line, lineNumber), version);
  const inputType = raw["input"];
  if (inputType !== undefined && Object.hasOwn(raw, "fact")) {
    throw new LogError(lineNumber, "both an input and a fact");
  }
  const name = (inputType ?? raw["fact"]) as string;
  const columns = (inputType === undefined ? factColumns : inputColumns).get(name);
  if (columns === undefined) {
    const why =
      name === undefined ? "neither an input nor a fact" : `unknown event ${quoted(name)}`;
    throw new LogError(lineNumber, why);
  }
  const seq = parseNumber(raw["seq"], "seq", lineNumber);
  if (seq <= after) {
    throw new LogError(lineNumber, `seq ${seq.toString()} does not follow ${after.toString()}`);
  }
  if (inputType !== undefined) {
    const input = parseBody(name, columns, raw, 2, lineNumber) as unknown as Input;
    const wrong = impossible(input);
    if (wrong === undefined) return { seq, input };
    throw new LogError(lineNumber, `${name}: ${wrong.field}: ${wrong.why}`);
  }
  const cause = parseNumber(raw["cause"], "cause", lineNumber);
  if (cause >= seq) throw new LogError(lineNumber, `cause ${cause.toString()} is not before it`);
  return { seq, cause, fact: parseBody(name, columns, raw, 3, lineNumber) as unknown as Fact };
}
