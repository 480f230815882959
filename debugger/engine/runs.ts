import type { Timeline } from "../../history/timeline/timeline.ts";
import { pairsOfRuns } from "../../history/what-if/alignment.ts";
import type { Difference } from "../../history/what-if/comparison.ts";
import { compareRuns } from "../../history/what-if/comparison.ts";
import { EditError } from "../../history/what-if/edit.ts";
import { isMattering } from "../../history/what-if/matters.ts";
import { linesOf } from "../../history/what-if/saved-log.ts";
import type { WhatIfView } from "../protocol.ts";
import { breathe } from "./breathe.ts";
import { bounded } from "./event-rows.ts";
import type { Opened } from "./opening.ts";
import { openBlob } from "./opening.ts";
import { branchView, comparisonView, each } from "./what-if-view.ts";

function branchAt({ branches }: Opened, number: number) {
  const branch = branches.get(number);
  if (branch === undefined) throw new EditError("this branch is not kept any more");
  return branch;
}

/** The first of some differences that can change anything, and how many are before it. */
function* firstMattering(
  left: Timeline,
  right: Timeline,
  differences: readonly Difference[],
): Generator<void, { difference: Difference | undefined; passedOver: number }, void> {
  for (const [passedOver, difference] of differences.entries()) {
    if (isMattering(left, right, difference)) return { difference, passedOver };
    yield;
  }
  return { difference: undefined, passedOver: differences.length };
}

/** Two runs side by side, aligned by what they did. */
function* runsView(
  title: string,
  left: Timeline,
  right: Timeline,
): Generator<void, WhatIfView, void> {
  const compared = yield* each(compareRuns(left, right, pairsOfRuns(left, right)));
  const first = yield* firstMattering(left, right, compared.differences);
  return { branch: undefined, edits: [], ...comparisonView(title, compared, first) };
}

/**
 * A branch beside the run that is open, or beside another branch.
 *
 * @throws EditError when one of them is not kept.
 */
export function* compareBranches(
  opened: Opened,
  left: number | undefined,
  right: number,
  title: string,
): Generator<void, WhatIfView, void> {
  const other = branchAt(opened, right);
  if (left === undefined) return yield* branchView(right, title, other);
  return yield* runsView(title, branchAt(opened, left).timeline, other.timeline);
}

/** Others have their turn this often. */
const sliceMs = 6;

/** The run that is open beside another log. @throws NoLogError when that is none. */
export async function compareLog(
  opened: Opened,
  name: string,
  bytes: Blob,
  isEnough: () => boolean,
): Promise<WhatIfView> {
  const other = await openBlob(name, bytes, { told: () => undefined, isEnough });
  const comparing = runsView(bounded(name), opened.timeline, other.timeline);
  let since = performance.now();
  for (let next = comparing.next(); ; next = comparing.next()) {
    if (isEnough()) throw new Error("stopped");
    const { cut } = other.timeline;
    if (next.done) return { ...next.value, note: cut };
    if (performance.now() - since < sliceMs) continue;
    await breathe();
    since = performance.now();
  }
}

const linesAtOnce = 1000;

/** The run that is open, or a branch of it, as the text of a log with its facts. */
export function* saveRun(opened: Opened, branch: number | undefined): Generator<void, Blob, void> {
  const timeline = branch === undefined ? opened.timeline : branchAt(opened, branch).timeline;
  const parts: string[] = [];
  let lines: string[] = [];
  for (const line of linesOf(opened.setup, timeline, true)) {
    lines.push(`${line}\n`);
    if (lines.length < linesAtOnce) continue;
    parts.push(lines.join(""));
    lines = [];
    yield;
  }
  return new Blob([...parts, ...lines], { type: "application/octet-stream" });
}
