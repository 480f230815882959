import type { EditAsked, WhatIfView } from "../protocol.ts";

/** A run beside the one that is open: a branch of it, two branches, or another log. */
export interface KeptRun {
  readonly key: number;
  /** As somebody calls it; no two have one name. */
  readonly name: string;
  /** What the two sides are called, and whether the first is the run that is open. */
  readonly sides: { readonly left: string; readonly right: string; readonly isHere: boolean };
  /** Of a branch what is done differently. */
  readonly edits: readonly EditAsked[] | undefined;
  readonly view: WhatIfView;
}

const longestName = 120;

/** A name that none of some runs has: with a number behind it where one has. */
export function freeName(runs: readonly KeptRun[], wanted: string): string {
  const base = wanted.trim().slice(0, longestName) || "unnamed";
  const has = (name: string): boolean => runs.some((one) => one.name === name);
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base} (${number.toString()})`;
    if (!has(name)) return name;
  }
}

/** The runs with one more, the last one. */
export function withRun(runs: readonly KeptRun[], run: Omit<KeptRun, "key">): readonly KeptRun[] {
  const key = Math.max(0, ...runs.map((one) => one.key)) + 1;
  return [...runs, { ...run, key, name: freeName(runs, run.name) }];
}

/** The runs with one of them called otherwise; an empty name leaves it as it is. */
export function renamed(runs: readonly KeptRun[], key: number, name: string): readonly KeptRun[] {
  if (name.trim() === "") return runs;
  const others = runs.filter((one) => one.key !== key);
  return runs.map((one) => (one.key === key ? { ...one, name: freeName(others, name) } : one));
}

/** Which run is shown once one is removed: the one before it, else the one after it. */
export function shownWithout(runs: readonly KeptRun[], key: number): number | undefined {
  const place = runs.findIndex((one) => one.key === key);
  return (runs[place - 1] ?? runs[place + 1])?.key;
}

/** The name of a file for a run: letters, digits and dashes after the log's own name. */
export function fileNameOf(log: string, name: string): string {
  const stem = log.replace(/(\.jsonl|\.ndjson|\.log)?(\.gz)?$/i, "") || "log";
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
  const own = stem.replaceAll(/[^\w.-]+/g, "-").slice(0, 80);
  return `${own}${words === "" ? "" : `.${words}`}.jsonl.gz`;
}
