import { fieldsText } from "../../cli/render/event.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { Input } from "../../events/input.ts";
import { encodeInput } from "../../events/log/log.ts";
import type { Step } from "../../history/step.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { pairsOfBranch } from "../../history/what-if/alignment.ts";
import type { Branch } from "../../history/what-if/branch.ts";
import { foldBranch } from "../../history/what-if/branch.ts";
import type { Comparison, Difference } from "../../history/what-if/comparison.ts";
import { compareRuns } from "../../history/what-if/comparison.ts";
import type { DmaOutcome } from "../../history/what-if/dma-outcome.ts";
import type { Edit } from "../../history/what-if/edit.ts";
import { inputOfLine } from "../../history/what-if/edit.ts";
import { withInvalidation, withoutInvalidation } from "../../history/what-if/invalidation-edit.ts";
import type { DivergenceView, DmaChange, EditAsked, OutcomeView, WhatIfView } from "../protocol.ts";
import { bounded } from "./event-rows.ts";
import { findingView } from "./fault-groups.ts";
import { usedPageOf } from "./page-asked.ts";

/** An input as a line that can be changed by hand, without its number. */
export function lineOf(timeline: Timeline, seq: number): string {
  const input = stepOfEvent(timeline, seq)?.input;
  return input === undefined ? "" : encodeInput(1, input).replace(/^\{"seq":1,/, "{");
}

function editsOf(timeline: Timeline, asked: EditAsked): readonly Edit[] {
  switch (asked.kind) {
    case "remove":
      return [{ kind: "remove", at: asked.at }];
    case "insert":
      return [{ kind: "insert", before: asked.before, input: inputOfLine(asked.line) }];
    case "change":
      return [{ kind: "change", at: asked.at, input: inputOfLine(asked.line) }];
    case "unsent":
      return withoutInvalidation(timeline, asked.fact);
    case "invalidated":
      return withInvalidation(timeline, asked.after, usedPageOf(asked.asked));
  }
}

const textOf = (input: Input): string => bounded(`${input.type} ${fieldsText(input)}`, 160);

function editText(timeline: Timeline, edit: Edit): string {
  if (edit.kind === "insert") return `before event ${edit.before}: ${textOf(edit.input)}`;
  const input = stepOfEvent(timeline, edit.at)?.input;
  const old = input === undefined ? "" : textOf(input);
  if (edit.kind === "change") return `event ${edit.at}: ${textOf(edit.input)}`;
  return `event ${edit.at} does not happen: ${old}`;
}

function divergence(step: Step | undefined): DivergenceView | undefined {
  if (step === undefined) return undefined;
  return {
    seq: step.seq,
    input: textOf(step.input),
    facts: step.facts.slice(0, 12).map((fact) => bounded(`${fact.type} ${fieldsText(fact)}`, 200)),
  };
}

/** The first input of both runs of which other facts followed; else the first difference. */
function firstOf({ differences, first }: Comparison): Difference | undefined {
  return differences.find(({ kind }) => kind === "facts") ?? first;
}

function outcome(one: DmaOutcome | undefined): OutcomeView | undefined {
  if (one === undefined) return undefined;
  const { seq, gpa, hpa, reason, host } = one;
  const why = reason === undefined ? (host ?? "") : `fault ${reasonText(reason)}`;
  const where = [
    ...(gpa === undefined ? [] : [`guest ${hex(gpa)}`]),
    ...(hpa === undefined ? [] : [`host ${hex(hpa)}`]),
    ...(why === "" ? [] : [why]),
  ];
  const text = where.length === 0 ? one.outcome : `${one.outcome}: ${where.join(", ")}`;
  return { seq, text, good: one.outcome === "landed" || one.outcome === "interrupt" };
}

function dmaChange({ left, right }: Comparison["dma"][number]): DmaChange {
  const any = left ?? right;
  return {
    device: any?.device === undefined ? "" : formatSourceId(any.device),
    iova: any?.iova === undefined ? "" : hex(any.iova),
    left: outcome(left),
    right: outcome(right),
  };
}

function view(title: string, branch: Branch, compared: Comparison): WhatIfView {
  const first = firstOf(compared);
  return {
    title,
    edits: branch.edits.map((edit) => editText(branch.base, edit)),
    first: first && { left: divergence(first.left), right: divergence(first.right) },
    differing: compared.differing,
    dma: compared.dma.slice(0, 400).map(dmaChange),
    dmaDiffering: compared.dmaDiffering,
    dmaSame: compared.dmaSame,
    appeared: compared.appeared.slice(0, 100).map(findingView),
    vanished: compared.vanished.slice(0, 100).map(findingView),
  };
}

/**
 * Folds the log with some inputs done differently and compares; it can be left at any step.
 *
 * @throws EditError, AskedError when what is asked cannot be.
 */
export function* whatIf(
  timeline: Timeline,
  title: string,
  asked: readonly EditAsked[],
): Generator<void, WhatIfView, void> {
  const edits = asked.flatMap((one) => editsOf(timeline, one));
  const folding = foldBranch(timeline, title, edits);
  let folded = folding.next();
  for (; !folded.done; folded = folding.next()) yield;
  const branch = folded.value;
  const pairs = pairsOfBranch(branch);
  const comparing = compareRuns(branch.base, branch.timeline, pairs, branch.first);
  let compared = comparing.next();
  for (; !compared.done; compared = comparing.next()) yield;
  return view(title, branch, compared.value);
}
