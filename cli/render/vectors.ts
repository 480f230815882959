import { printable } from "../../events/printable.ts";
import type { Checked, Verdict } from "../../vectors/check.ts";
import type { Terminal } from "../terminal.ts";
import { titleOf } from "./fuzz.ts";
import { story } from "./fuzz-story.ts";
import { grouped, renderPairs, renderTable } from "./table.ts";

/** A check of vectors, and what it was of. */
export interface VectorsReport {
  readonly target: string;
  /** What it calls itself. */
  readonly name?: string;
  readonly profile: string;
  /** What it can do; unknown where it was ended before it said so. */
  readonly unit?: { readonly ver: bigint; readonly cap: bigint; readonly ecap: bigint };
  readonly seconds: number;
  readonly isStopped: boolean;
  readonly checked: readonly Checked[];
}

const hexOf = (value: bigint): string => `0x${value.toString(16)}`;

/** What a unit can do, as its registers say it. */
const wordsText = ({ ver, cap, ecap }: NonNullable<VectorsReport["unit"]>): string =>
  `VER ${hexOf(ver)}, CAP ${hexOf(cap)}, ECAP ${hexOf(ecap)}`;

/** How many cases each verdict has. */
function counts(checked: readonly Checked[]): ReadonlyMap<Verdict, number> {
  const found = new Map<Verdict, number>();
  for (const { verdict } of checked) found.set(verdict, (found.get(verdict) ?? 0) + 1);
  return found;
}

const shownVerdicts: readonly (readonly [Verdict, string])[] = [
  ["passed", "Passed"],
  ["known", "Known deviations"],
  ["failed", "Failed"],
  ["in part", "In part"],
  ["other unit", "Of other units"],
  ["not asked", "Not asked"],
];

/** Ids of cases, the first few by name. */
function someOf(ids: readonly string[]): string {
  const most = 3;
  const more = ids.length - most;
  return `${ids.slice(0, most).join(", ")}${more > 0 ? ` and ${more.toString()} more` : ""}`;
}

/** The cases of each known deviation that was met. */
export function deviationsIn(checked: readonly Checked[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { vector, deviations } of checked) {
    for (const id of deviations) found.set(id, [...(found.get(id) ?? []), vector.id]);
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The report of a check for people. */
export function renderVectors(terminal: Terminal, report: VectorsReport): string {
  const { target, profile, unit, checked, isStopped } = report;
  const found = counts(checked);
  const pairs = renderPairs(terminal, [
    ["Target", `${titleOf(target, report.name)}, profile ${profile}`],
    ...(unit === undefined ? [] : [["Unit", wordsText(unit)] as const]),
    ["Cases", `${grouped(checked.length)}${isStopped ? ", ended early" : ""}`],
    ...shownVerdicts.map(([verdict, name]) => [name, found.get(verdict) ?? 0] as const),
  ]);
  const rows = [...deviationsIn(checked)].map(([id, ids]) => [id, ids.length, someOf(ids)]);
  const known = rows.length === 0 ? "" : `\n${renderTable(terminal, deviationHead, rows)}`;
  const failed = checked.filter(({ verdict }) => verdict === "failed");
  const wrong = failed.map(({ vector, text = "" }) => {
    const rules = vector.rules.slice(0, 3).join(", ");
    return `${printable(`${vector.id} (${rules}): ${vector.why}`)}\n    ${text}\n`;
  });
  const told = wrong.length === 0 ? "" : `\n${wrong.join("")}`;
  return `${pairs}${known}${told}${toldStory(target, checked)}`;
}

const deviationHead = ["Known deviation", "Cases", "Which"];

/** The story of a case that was asked alone, and failed. */
function toldStory(target: string, checked: readonly Checked[]): string {
  const [only, ...others] = checked;
  if (only?.verdict !== "failed" || only.run === undefined || others.length > 0) return "";
  const finding = { ...only.run, seed: 0, index: 0 };
  return `\n${story(target, finding)}\n`;
}

/** The report of a check as an object. */
export const vectorsJson = ({ checked, unit, ...rest }: VectorsReport) => ({
  ...rest,
  ...(unit === undefined
    ? {}
    : { unit: { ver: hexOf(unit.ver), cap: hexOf(unit.cap), ecap: hexOf(unit.ecap) } }),
  verdicts: Object.fromEntries(counts(checked)),
  deviations: Object.fromEntries(deviationsIn(checked)),
  cases: checked.map(({ vector, verdict, deviations, text }) => ({
    ...{ id: vector.id, rules: vector.rules, verdict },
    ...(deviations.length === 0 ? {} : { deviations }),
    ...(text === undefined ? {} : { text }),
  })),
});
