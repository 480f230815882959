import type { EditAsked, WhatIfView } from "../protocol.ts";
import { titleOf } from "./edit-title.ts";
import type { KeptRun } from "./kept-runs.ts";
import { fileNameOf, renamed, shownWithout, withRun } from "./kept-runs.ts";
import * as store from "./store.ts";

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits for another run, which is shown then; what cannot be leaves those that are there. */
async function take(
  asking: Promise<WhatIfView>,
  what: Omit<KeptRun, "key" | "view">,
): Promise<void> {
  store.whatIfState.value = { isBusy: true };
  try {
    const view = await asking;
    store.runs.value = withRun(store.runs.peek(), { ...what, view });
    store.shownRun.value = store.runs.peek().at(-1)?.key;
    store.whatIfState.value = { isBusy: false };
  } catch (error) {
    const text = textOf(error);
    const rest = text === "stopped" ? {} : { error: text };
    store.whatIfState.value = { isBusy: false, ...rest };
  }
}

/** Whether two lists of edits are the same. */
const isSame = (one: readonly EditAsked[], other: readonly EditAsked[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

const ofBranch = { left: "As it was", right: "What if", isHere: true };

/** Folds a branch, or shows it where it is there already. */
export async function branch(title: string, asked: readonly EditAsked[]): Promise<void> {
  const below = store.isOnTop.peek() ? store.run.peek()?.edits : undefined;
  const edits = [...(below ?? []), ...asked];
  const whole = below === undefined ? title : titleOf(edits);
  const known = store.runs.peek().find((one) => one.edits && isSame(one.edits, edits));
  if (known !== undefined) {
    store.shownRun.value = known.key;
    store.whatIfState.value = { isBusy: false };
    return;
  }
  const asking = store.client.ask("whatIf", { title: whole, edits });
  await take(asking, { name: whole, sides: ofBranch, edits });
}

/** Compares a branch with another one. */
export async function compareBranches(left: KeptRun, right: KeptRun): Promise<void> {
  const branches = [left.view.branch, right.view.branch];
  if (branches[1] === undefined) return;
  const title = `${right.name}, beside ${left.name}`;
  const asking = store.client.ask("compareBranches", {
    ...{ left: branches[0], right: branches[1], title },
  });
  const sides = { left: left.name, right: right.name, isHere: false };
  await take(asking, { name: title, sides, edits: undefined });
}

/** Compares the run that is open with another log. */
export async function compareWithFile(file: File): Promise<void> {
  const asking = store.client.ask("compareLog", { name: file.name, bytes: file });
  const left = store.log.peek()?.name ?? "This run";
  const sides = { left, right: file.name, isHere: true };
  await take(asking, { name: file.name, sides, edits: undefined });
}

/** Calls a run otherwise. */
export function rename(key: number, name: string): void {
  store.runs.value = renamed(store.runs.peek(), key, name);
}

/** Forgets a run. */
export function remove(run: KeptRun): void {
  const runs = store.runs.peek();
  store.shownRun.value = shownWithout(runs, run.key);
  store.runs.value = runs.filter(({ key }) => key !== run.key);
  const { branch: number } = run.view;
  if (number !== undefined) void store.client.ask("dropBranch", { branch: number });
}

async function packed(bytes: Blob): Promise<Blob> {
  const stream = bytes.stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).blob();
}

const keptMs = 60_000;

/** Saves a branch, or the run that is open, as a log. */
export async function saveRun(run: KeptRun | undefined): Promise<void> {
  try {
    const bytes = await store.client.ask("saveRun", { branch: run?.view.branch });
    const address = URL.createObjectURL(await packed(bytes));
    const link = document.createElement("a");
    link.href = address;
    link.download = fileNameOf(store.log.peek()?.name ?? "log", run?.name ?? "");
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), keptMs);
    store.notice.value = `${link.download} is saved: a log that every command opens.`;
  } catch (error) {
    store.notice.value = `It cannot be saved: ${textOf(error)}`;
  }
}
