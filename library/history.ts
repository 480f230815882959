/**
 * Go through what happened in both directions, and ask what would have been.
 *
 * `historyOf` folds a set-up and its inputs once; `ask` then answers questions as data: an event,
 * the state at any of them, where an expression is so next or was last, the life of a page, why a
 * request went where it went, who wrote a word of guest memory. What answers name are handles,
 * which questions take and which are the same as text. `whatIf` does inputs differently, and
 * `compareHistories` lays two pasts side by side.
 *
 * @module shadowfold/history
 */

export { ExpressionError } from "../history/expression/expression-error.ts";
export type { Life } from "../history/lifeline/life.ts";
export type { Interval, Lifeline, LifeUses } from "../history/lifeline/lifeline.ts";
export type { Writer } from "../history/memory-use/last-writer.ts";
export type { NextReader, Reader } from "../history/memory-use/next-reader.ts";
export type { Handle } from "../history/query/handle.ts";
export type { Answers, HandleOf, Query, QueueAnswer } from "../history/query/query.ts";
export type { QueuePlace, QueueView } from "../history/query/queue-view.ts";
export type { TranslationThere } from "../history/query/translate-in.ts";
export type { Finding } from "../history/timeline/finding.ts";
export type { NumberedEvent } from "../history/timeline/seek.ts";
export type { Difference, DmaDifference } from "../history/what-if/comparison.ts";
export type { DmaOutcome } from "../history/what-if/dma-outcome.ts";
export type { Edit } from "../history/what-if/edit.ts";
export { EditError } from "../history/what-if/edit.ts";
export type { RunDifference, RunReport, RunStep } from "../history/what-if/report.ts";
export type { History, WhatIf } from "./past.ts";
export { compareHistories, formatHandle, historyOf, parseHandle } from "./past.ts";
