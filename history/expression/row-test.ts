import type { ASTNode } from "@marcbachmann/cel-js";
import type { Chunk } from "../columns/chunk.ts";
import { columnNames } from "../columns/event-column.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { compareAddress } from "./address-test.ts";
import { chunkTestOf } from "./chunk-test.ts";
import type { EventView, Program } from "./environment.ts";
import { callsEvent, namesIn, programOfNode } from "./environment.ts";
import type { Surroundings } from "./event-view.ts";
import type { RowCursor } from "./row-view.ts";
import { plainAt, viewOfRow } from "./row-view.ts";

/**
 * What the columns say of an event: no, yes, that it cannot be said, or that the event itself has
 * to be asked.
 */
export const verdict = { no: 0, yes: 1, error: 2, unknown: 3 } as const;
export type Verdict = (typeof verdict)[keyof typeof verdict];

/** Looks at the row of an event. */
export type RowTest = (chunk: Chunk, at: number, seq: number) => Verdict;

/** An expression as it is asked of columns. */
export interface ColumnTest {
  readonly test: RowTest;
  /** False for a chunk that certainly has no such event. */
  readonly mayBeIn: (chunk: Chunk) => boolean;
}

const { no, yes, error, unknown } = verdict;

const asVerdict = (result: boolean | "error"): Verdict =>
  result === "error" ? error : result ? yes : no;

/** Names that columns have something about. */
const columnar = new Set<string>([
  ...["event", "input", "fact", "seq", "cause", "register", "laws"],
  ...columnNames,
]);
/** Names of which answers are remembered by their number. */
const memorable = new Set<string>([
  ...["event", "input", "fact", "register"],
  ...columnNames.filter((name) => name !== "iova" && name !== "gpa"),
]);

/** Both, one of which may settle it: the language takes the one that says so over an error. */
function joined(settling: Verdict, left: RowTest, right: RowTest): RowTest {
  return (chunk, at, seq) => {
    const first = left(chunk, at, seq);
    if (first === settling) return settling;
    const second = right(chunk, at, seq);
    if (second === settling) return settling;
    if (first === unknown || second === unknown) return unknown;
    if (first === error || second === error) return error;
    return settling === no ? yes : no;
  };
}

const opposite: readonly Verdict[] = [yes, no, error, unknown];

interface Compiling {
  readonly timeline: Timeline;
  readonly row: RowCursor;
  readonly view: EventView;
}

function asked({ row, view }: Compiling, program: Program): RowTest {
  return (chunk, at, seq) => {
    row.chunk = chunk;
    row.at = at;
    row.seq = seq;
    return asVerdict(program(view));
  };
}

/** A part that one name alone decides: each of its values is asked about once. */
function remembered(compiling: Compiling, name: string, program: Program): RowTest {
  const known = new Map<number | bigint, Verdict>();
  const ask = asked(compiling, program);
  return (chunk, at, seq) => {
    const value = plainAt(chunk, at, name);
    const old = known.get(value);
    if (old !== undefined) return old;
    const made = ask(chunk, at, seq);
    known.set(value, made);
    return made;
  };
}

function leaf(compiling: Compiling, node: ASTNode): RowTest {
  const names = namesIn(node);
  if (names.some((name) => !columnar.has(name))) return () => unknown;
  const address = compareAddress(node);
  if (address !== undefined) return address;
  const program = programOfNode(node);
  const [name] = names;
  if (names.length === 1 && name !== undefined && memorable.has(name) && !callsEvent(node)) {
    return remembered(compiling, name, program);
  }
  return asked(compiling, program);
}

function compile(compiling: Compiling, node: ASTNode): RowTest {
  switch (node.op) {
    case "&&":
      return joined(no, compile(compiling, node.args[0]), compile(compiling, node.args[1]));
    case "||":
      return joined(yes, compile(compiling, node.args[0]), compile(compiling, node.args[1]));
    case "!_": {
      const of = compile(compiling, node.args);
      return (chunk, at, seq) => opposite[of(chunk, at, seq)] as Verdict;
    }
    default:
      return leaf(compiling, node);
  }
}

/** Makes of an expression what is asked of columns. */
export function columnTestOf(
  timeline: Timeline,
  ast: ASTNode,
  surroundings: Surroundings,
): ColumnTest {
  const [first] = timeline.columns.chunks;
  if (first === undefined) return { test: () => no, mayBeIn: () => false };
  const row: RowCursor = { chunk: first, at: 0, seq: 1 };
  const compiling: Compiling = { timeline, row, view: viewOfRow(timeline, row, surroundings) };
  return { test: compile(compiling, ast), mayBeIn: chunkTestOf(ast) };
}
