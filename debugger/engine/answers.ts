import { parseExpression } from "../../history/expression/expression.ts";
import { answer } from "../../history/query/query.ts";
import { stepBack, stepForward } from "../../history/timeline/cursor.ts";
import type { Question, Questions } from "../protocol.ts";
import { chainView } from "./chain-view.ts";
import { chartStates } from "./chart-view.ts";
import { rowAt, rowsFrom, rowsOf } from "./event-rows.ts";
import { summaryView } from "./fault-groups.ts";
import type { Opened } from "./opening.ts";
import { nearestOf, overviewOf } from "./picture.ts";
import { queueView } from "./queue-view.ts";
import { compareBranches, compareLog, saveRun } from "./runs.ts";
import { spaceView } from "./space-view.ts";
import { stateView } from "./state-view.ts";
import { storyView } from "./story-view.ts";
import { walkView } from "./walk-view.ts";
import { lineOf, whatIf } from "./what-if-view.ts";

/** Answers that take long come bit by bit, or when they are there. */
type Answering<Q extends Question> = (
  opened: Opened,
  asked: Questions[Q][0],
  isEnough: () => boolean,
) => Answer<Q>;

/** What some question is answered: at once, bit by bit, or later. */
export type Answer<Q extends Question> =
  | Questions[Q][1]
  | Generator<void, Questions[Q][1], void>
  | Promise<Questions[Q][1]>;

function search({ timeline }: Opened, where: string, most: number): Questions["search"][1] {
  const { found, isWhole } = answer(timeline, { ask: "search", where, most: Math.min(most, 500) });
  return { found: found.flatMap(({ seq }) => rowAt(timeline, seq) ?? []), isWhole };
}

function next({ timeline }: Opened, ask: "forward" | "back", at: number, where: string) {
  parseExpression(where);
  return answer(timeline, { ask, at, where })?.seq;
}

/** How each question is answered. */
export const answers: { readonly [Q in Question]: Answering<Q> } = {
  overview: ({ picture, timeline }, span) => overviewOf(picture, timeline, span),
  rows: ({ timeline }, { from, count }) => rowsFrom(timeline, from, count),
  events: ({ timeline }, { seqs }) => rowsOf(timeline, seqs),
  state: ({ timeline }, { at, guest }) => stateView(timeline, at, guest),
  queue: ({ timeline }, { at, guest }) => queueView(timeline, at, guest),
  charts: ({ timeline }, { at, guest }) => chartStates(timeline, at, guest),
  walk: ({ timeline }, { at, asked }) => walkView(timeline, at, asked),
  story: ({ timeline }, { at, asked }) => storyView(timeline, at, asked),
  chain: ({ timeline }, { at }) => chainView(timeline, at),
  summary: ({ timeline }) => summaryView(timeline),
  forward: (opened, { at, where }) => next(opened, "forward", at, where),
  back: (opened, { at, where }) => next(opened, "back", at, where),
  search: (opened, { where, most }) => search(opened, where, most),
  step: ({ timeline }, { at, by, back }) => (back ? stepBack : stepForward)(timeline, at, by),
  nearest: ({ picture, timeline }, asked) => nearestOf(picture, timeline, asked),
  line: ({ timeline }, { at }) => lineOf(timeline, at),
  whatIf: (opened, { title, edits }) => whatIf(opened, title, edits),
  compareBranches: (opened, { left, right, title }) => compareBranches(opened, left, right, title),
  compareLog: (opened, { name, bytes }, isEnough) => compareLog(opened, name, bytes, isEnough),
  saveRun: (opened, { branch }) => saveRun(opened, branch),
  dropBranch: ({ branches }, { branch }) => branches.delete(branch),
  space: ({ timeline }, { at, asked }) => spaceView(timeline, at, asked),
};

/** Asks an open log something. @throws whatever is wrong with the question, with its text. */
export const ask = <Q extends Question>(
  opened: Opened,
  question: Q,
  asked: Questions[Q][0],
  isEnough: () => boolean = () => false,
): Answer<Q> => {
  const of: Answering<Q> = answers[question];
  return of(opened, asked, isEnough);
};
