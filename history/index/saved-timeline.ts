import { parseJson } from "../../events/json.ts";
import type { World } from "../../projections/world.ts";
import { columnNames, eventNames } from "../columns/event-column.ts";
import type { NumberColumn } from "../columns/number-column.ts";
import { numbersFrom } from "../columns/number-column.ts";
import type { ChangeIndex } from "../lifeline/change-index.ts";
import { newChangeIndex } from "../lifeline/change-index.ts";
import type { Checkpoint } from "../timeline/checkpoints.ts";
import type { Finding, Judge } from "../timeline/finding.ts";
import { newFindings, noteFindings } from "../timeline/finding.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { GraphReader } from "./graph-reader.ts";
import { readGraph } from "./graph-reader.ts";
import { namesOfShape, newGraphWriter, writeGraph } from "./graph-writer.ts";
import { readColumns, saveColumns } from "./saved-columns.ts";
import { readInputs, saveInputs } from "./saved-inputs.ts";
import type { Sections, SectionWriter } from "./sections.ts";
import { addSection, newSectionWriter, numbersIn, sectionBytes } from "./sections.ts";

/** What an index says of a timeline besides its parts: small, and read first. */
export interface SavedTimeline {
  readonly places: Sections["places"];
  /** Names of events and columns: of another model they are others. */
  readonly names: string;
  readonly shapes: readonly (readonly string[])[];
  readonly checkpoints: readonly (readonly [inputs: number, world: number, isTurn: 0 | 1])[];
  readonly spacing: number;
  readonly turnSpacing: number;
  readonly most: number;
  readonly cost: number;
  readonly end: number;
  /** Why the log ends before it should, or "". */
  readonly cut: string;
  readonly isJudged: boolean;
  readonly findings: readonly Finding[];
}

/** A timeline as something small to read first, and parts. */
export interface Saved {
  readonly head: SavedTimeline;
  readonly parts: readonly Uint8Array[];
}

const knownNames = `${eventNames.join(" ")} / ${columnNames.join(" ")}`;

const used = ({ values, length }: NumberColumn): ArrayBufferView => values.subarray(0, length);

function addNumbers(writer: SectionWriter, columns: Readonly<Record<string, NumberColumn>>): void {
  for (const [name, column] of Object.entries(columns)) addSection(writer, name, used(column));
}

/** Writes a timeline: what worlds share is written once. */
export function saveTimeline(timeline: Timeline): Saved {
  const { checkpoints, columns, changes, inputs, numbers, findings, judge } = timeline;
  const graph = newGraphWriter();
  const places = checkpoints.kept.map(
    ({ inputs: before, world, isTurn }) =>
      [before, writeGraph(graph, world), isTurn ? 1 : 0] as const,
  );
  const end = writeGraph(graph, timeline.end);
  const writer = newSectionWriter();
  addNumbers(writer, { numbers, starts: graph.starts, ...changes });
  addSection(writer, "inputs", saveInputs(inputs));
  addSection(writer, "columns", saveColumns(columns));
  addSection(writer, "records", graph.records.bytes.subarray(0, graph.records.length));
  const head: SavedTimeline = {
    places: writer.places,
    names: knownNames,
    shapes: [...graph.shapes.keys()].map(namesOfShape),
    checkpoints: places,
    spacing: checkpoints.spacing,
    turnSpacing: checkpoints.turnSpacing,
    most: checkpoints.most,
    cost: checkpoints.cost,
    end,
    cut: timeline.cut ?? "",
    isJudged: judge !== undefined,
    findings: findings.all,
  };
  return { head, parts: writer.parts };
}

function readNumbers(sections: Sections, name: string, { kind }: NumberColumn): NumberColumn {
  return numbersFrom(kind, numbersIn(sectionBytes(sections, name), kind));
}

/** Checkpoints whose worlds are read when they are asked for. */
function lazily(graph: GraphReader, places: SavedTimeline["checkpoints"]): Checkpoint[] {
  return places.map(([inputs, number, isTurn]) => ({
    inputs,
    isTurn: isTurn === 1,
    get world() {
      return readGraph(graph, number) as World;
    },
  }));
}

/**
 * The timeline that was saved. Worlds are read when somebody goes there.
 *
 * @param judge  what looks at inputs that come later.
 * @throws RangeError when the bytes are not what they were, or are of another model.
 */
export function readTimeline(
  head: SavedTimeline,
  body: Uint8Array,
  judge: Judge | undefined,
): Timeline {
  if (head.names !== knownNames) throw new RangeError("events of another model");
  if (head.isJudged !== (judge !== undefined)) throw new RangeError("judged otherwise");
  const sections: Sections = { body, places: head.places };
  const graph: GraphReader = {
    records: sectionBytes(sections, "records"),
    starts: numbersIn(sectionBytes(sections, "starts"), Float64Array) as Float64Array,
    shapes: head.shapes,
    known: new Map(),
  };
  const fresh = newChangeIndex();
  const changes = Object.entries(fresh).map(([name, column]: [string, NumberColumn]) => [
    name,
    readNumbers(sections, name, column),
  ]);
  const findings = newFindings();
  noteFindings(findings, head.findings);
  return {
    judge,
    steps: undefined,
    mostSteps: 0,
    inputs: readInputs(sectionBytes(sections, "inputs")),
    numbers: numbersFrom(Uint32Array, numbersIn(sectionBytes(sections, "numbers"), Uint32Array)),
    checkpoints: {
      kept: lazily(graph, head.checkpoints),
      spacing: head.spacing,
      turnSpacing: head.turnSpacing,
      most: head.most,
      cost: head.cost,
    },
    columns: readColumns(sectionBytes(sections, "columns")),
    changes: Object.fromEntries(changes) as ChangeIndex,
    findings,
    end: readGraph(graph, head.end) as World,
    cut: head.cut === "" ? undefined : head.cut,
    folded: new Map(),
    refolded: 0,
  };
}

/** The head as text, and what such a text says. @throws SyntaxError when it is none. */
export const headText = (head: SavedTimeline): string => JSON.stringify(head);
export const headOf = (text: string): SavedTimeline => parseJson(text) as SavedTimeline;
