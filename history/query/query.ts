import { pageOf } from "../../events/address.ts";
import type { Change } from "../changes.ts";
import { changesBetween } from "../changes.ts";
import type { Explanation } from "../explanation.ts";
import { allWhere, parseExpression, questionOf } from "../expression/expression.ts";
import type { Lifeline } from "../lifeline/lifeline.ts";
import { changesIn, lifelineOf } from "../lifeline/lifeline.ts";
import type { Writer } from "../memory-use/last-writer.ts";
import { lastWriter } from "../memory-use/last-writer.ts";
import type { NextReader } from "../memory-use/next-reader.ts";
import { nextReader } from "../memory-use/next-reader.ts";
import type { GuestSummary } from "../summary.ts";
import { summarise } from "../summary.ts";
import { continueBack, continueForward } from "../timeline/cursor.ts";
import type { NumberedEvent } from "../timeline/seek.ts";
import { eventAt, worldAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { lastEvent } from "../timeline/timeline.ts";
import { branchOf } from "../what-if/branch.ts";
import type { Edit } from "../what-if/edit.ts";
import type { RunReport } from "../what-if/report.ts";
import { reportOfBranch } from "../what-if/report.ts";
import type { Handle } from "./handle.ts";
import type { QueuePlace, QueueView } from "./queue-view.ts";
import { queueOf, queuePlaces } from "./queue-view.ts";
import type { TranslationThere } from "./translate-in.ts";
import { translateIn } from "./translate-in.ts";
import { whyIn } from "./why-in.ts";

/** A handle of one kind. */
export type HandleOf<K extends Handle["kind"]> = Extract<Handle, { kind: K }>;

/** Everything that a view may ask of a timeline, as data: a worker may be asked it as well. */
export type Query =
  | { readonly ask: "event"; readonly event: HandleOf<"event"> }
  | { readonly ask: "state"; readonly at: number }
  | { readonly ask: "difference"; readonly from: number; readonly to: number }
  | { readonly ask: "forward" | "back"; readonly at: number; readonly where: string }
  | { readonly ask: "search"; readonly where: string; readonly most: number }
  | { readonly ask: "lifeline"; readonly page: HandleOf<"page"> }
  | { readonly ask: "why"; readonly page: HandleOf<"page">; readonly at?: number }
  | { readonly ask: "writer" | "reader"; readonly entry: HandleOf<"entry">; readonly at: number }
  | { readonly ask: "translate"; readonly page: HandleOf<"page">; readonly at: number }
  | { readonly ask: "queue"; readonly guest: number; readonly at: number }
  | { readonly ask: "whatIf"; readonly edits: readonly Edit[] }
  | { readonly ask: "findings" };

/** What each question is answered. */
export interface Answers {
  readonly event: NumberedEvent | undefined;
  readonly state: readonly GuestSummary[] | undefined;
  readonly difference: readonly Change[] | undefined;
  readonly forward: HandleOf<"event"> | undefined;
  readonly back: HandleOf<"event"> | undefined;
  readonly search: { readonly found: readonly HandleOf<"event">[]; readonly isWhole: boolean };
  readonly lifeline: Lifeline;
  readonly why: Explanation | undefined;
  readonly writer: Writer | undefined;
  readonly reader: NextReader;
  readonly translate: TranslationThere | undefined;
  readonly queue: QueueAnswer | undefined;
  readonly whatIf: RunReport;
  readonly findings: readonly HandleOf<"finding">[];
}

/** A guest's invalidation queue with every place of it, the head first. */
export interface QueueAnswer extends QueueView {
  readonly places: readonly QueuePlace[];
}

const eventHandle = (seq: number | undefined): HandleOf<"event"> | undefined =>
  seq === undefined ? undefined : { kind: "event", seq };

function searchAll(timeline: Timeline, where: string, most: number): Answers["search"] {
  const question = questionOf(timeline, parseExpression(where), changesIn(timeline));
  const found: HandleOf<"event">[] = [];
  const last = lastEvent(timeline);
  if (last === 0) return { found, isWhole: true };
  for (const seq of allWhere(question, { from: 1, to: last })) {
    if (found.length === most) return { found, isWhole: false };
    found.push({ kind: "event", seq });
  }
  return { found, isWhole: true };
}

function difference(timeline: Timeline, from: number, to: number): Answers["difference"] {
  const [one, other] = [worldAt(timeline, from), worldAt(timeline, to)];
  return one && other && changesBetween(one, other);
}

const wordBytes = 8;

function queueIn(timeline: Timeline, index: number, at: number): QueueAnswer | undefined {
  const guest = worldAt(timeline, at)?.guests[index];
  if (guest === undefined) return undefined;
  const view = queueOf(guest);
  const { head, bytes, step } = view;
  return { ...view, places: queuePlaces(guest, head / step, bytes / step) };
}

const answers: {
  readonly [K in Query["ask"]]: (
    timeline: Timeline,
    query: Extract<Query, { ask: K }> & Query,
  ) => Answers[K];
} = {
  event: (timeline, { event }) => eventAt(timeline, event.seq),
  state: (timeline, { at }) => worldAt(timeline, at)?.guests.map(summarise),
  difference: (timeline, { from, to }) => difference(timeline, from, to),
  forward: (timeline, { at, where }) => eventHandle(continueForward(asked(timeline, where), at)),
  back: (timeline, { at, where }) => eventHandle(continueBack(asked(timeline, where), at)),
  search: (timeline, { where, most }) => searchAll(timeline, where, most),
  lifeline: (timeline, { page: { guest, device, pasid, iova } }) =>
    lifelineOf(timeline, { guest, device, pasid, page: pageOf(iova) }),
  why: (timeline, { page: { guest, device, pasid, iova }, at }) =>
    whyIn(timeline, {
      guest,
      device,
      iova,
      ...(pasid === undefined ? {} : { pasid }),
      ...(at === undefined ? {} : { at }),
    }),
  writer: (timeline, { entry: { guest, gpa }, at }) =>
    lastWriter(timeline, { guest, gpa, length: wordBytes }, at),
  reader: (timeline, { entry: { guest, gpa }, at }) =>
    nextReader(timeline, { guest, gpa, length: wordBytes }, at),
  translate: (timeline, { page: { guest, device, pasid, iova }, at }) =>
    translateIn(timeline, { guest, device, iova, at, ...(pasid === undefined ? {} : { pasid }) }),
  queue: (timeline, { guest, at }) => queueIn(timeline, guest, at),
  whatIf: (timeline, { edits }) => reportOfBranch(branchOf(timeline, "what if", edits)),
  findings: ({ findings }) => findings.all.map(({ law, seq }) => ({ kind: "finding", law, seq })),
};

const asked = (timeline: Timeline, where: string) =>
  questionOf(timeline, parseExpression(where), changesIn(timeline));

/**
 * Answers a question to a timeline: the one way by which pages, terminals, editors and commands
 * ask.
 *
 * @throws ExpressionError when the question has an expression that cannot be used; EditError when a
 *   what-if cannot be.
 */
export function answer<Q extends Query>(timeline: Timeline, query: Q): Answers[Q["ask"]] {
  const of = answers[query.ask] as (timeline: Timeline, query: Q) => Answers[Q["ask"]];
  return of(timeline, query);
}
