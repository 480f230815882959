import { checkInput, checkSetup } from "../events/event-check.ts";
import type { Input } from "../events/input.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import type { Setup } from "../events/setup.ts";
import type { Handle } from "../history/query/handle.ts";
import { formatHandle as format, parseHandle as parse } from "../history/query/handle.ts";
import type { Answers, Query } from "../history/query/query.ts";
import { answer } from "../history/query/query.ts";
import type { Step } from "../history/step.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { append, timelineOf } from "../history/timeline/timeline.ts";
import { branchOf } from "../history/what-if/branch.ts";
import type { Edit } from "../history/what-if/edit.ts";
import type { RunReport } from "../history/what-if/report.ts";
import { reportOfBranch, reportOfTwo } from "../history/what-if/report.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { judge } from "../properties/judge.ts";
import { checkInputs } from "./argument.ts";
import { ownMoment } from "./handed-out.ts";
import { checkEdits, checkHandle, checkQuery } from "./query-argument.ts";

/** What would have been, and beside what was. */
export interface WhatIf {
  readonly report: RunReport;
  /** The past that it would have been, to be asked like any other. */
  readonly history: History;
}

/** A past that can be asked anything, and that goes on. It is folded once. */
export interface History {
  /** Number of the last event; 0 before there is any. */
  readonly last: number;
  /**
   * Folds one more input.
   *
   * @throws MalformedError when the value is no input at all: it names the field.
   */
  readonly add: (input: Input) => Step;
  /**
   * Answers a question, as data.
   *
   * @throws ExpressionError when its expression cannot be used; EditError when a what-if cannot be;
   *   MalformedError when it is no question, or is about a guest that is not there: it names the
   *   field.
   */
  readonly ask: <Q extends Query>(query: Q) => Answers[Q["ask"]];
  /**
   * Does some inputs differently. What was stays as it was.
   *
   * @throws EditError when an edit cannot be; MalformedError when it is none: it names the edit and
   *   its field, like `edits[0].at`.
   */
  readonly whatIf: (edits: readonly Edit[]) => WhatIf;
}

const timelines = new WeakMap<History, Timeline>();

function historyIn(timeline: Timeline): History {
  const history: History = {
    get last() {
      return timeline.end.seq;
    },
    add: (input) => ownMoment(append(timeline, checkInput(input))),
    ask: (query) => answer(timeline, checkQuery(timeline.end, query)),
    whatIf: (edits) => {
      const branch = branchOf(timeline, "what if", checkEdits("whatIf", edits));
      return { report: reportOfBranch(branch), history: historyIn(branch.timeline) };
    },
  };
  timelines.set(history, timeline);
  return Object.freeze(history);
}

/**
 * The past of a set-up and what happened since: forwards and backwards, it can be asked anything.
 *
 * @throws what `createWorld` throws for the set-up; MalformedError for the first value that is no
 *   input: it says which it is, and the field.
 */
export function historyOf(setup: Setup, inputs: Iterable<Input> = []): History {
  const start = createWorld(checkSetup(setup));
  return historyIn(
    timelineOf(start, checkInputs(inputs), { judge: (step) => judge(step).violations }),
  );
}

function timelineIn(history: History): Timeline {
  const timeline = timelines.get(history);
  if (timeline !== undefined) return timeline;
  throw new MalformedError("history", "", "expected one, as historyOf gives it");
}

/**
 * Two pasts side by side, aligned by what they did.
 *
 * @throws MalformedError when one of them is none.
 */
export const compareHistories = (left: History, right: History): RunReport =>
  reportOfTwo(timelineIn(left), timelineIn(right));

/** A handle as text: `event:12`, `page:0/00:04.0/0x1806000`. @throws MalformedError */
export const formatHandle = (handle: Handle): string => format(checkHandle(handle));

/** The handle that a text is; `undefined` when it is none. @throws MalformedError for no text. */
export function parseHandle(text: string): Handle | undefined {
  if (typeof text === "string") return parse(text);
  throw new MalformedError("handle", "", `expected text, found ${nameOfValue(text)}`);
}
