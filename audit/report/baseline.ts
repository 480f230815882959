import { isRuleId } from "../rule.ts";
import type { ReportedFinding } from "./file-audit.ts";

/** Findings that somebody has accepted: how many of each, by fingerprint. */
export type Baseline = ReadonlyMap<string, number>;

const kind = "shadowfold audit baseline";
const version = 1;

/** A baseline that is none, and why. */
export interface NoBaseline {
  readonly why: string;
}

type Row = { readonly fingerprint?: unknown; readonly count?: unknown };

function rowOf(value: unknown): readonly [string, number] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { fingerprint, count } = value as Row;
  if (typeof fingerprint !== "string" || typeof count !== "number") return undefined;
  const isWhole = Number.isSafeInteger(count) && count > 0;
  return isWhole && isRuleId(fingerprint.split(":")[0] ?? "") ? [fingerprint, count] : undefined;
}

/** The baseline that a parsed JSON value is. */
export function baselineOf(value: unknown): Baseline | NoBaseline {
  if (typeof value !== "object" || value === null) return { why: "no object" };
  const given = value as { kind?: unknown; version?: unknown; findings?: unknown };
  if (given.kind !== kind) return { why: `"kind" is not "${kind}"` };
  if (given.version !== version) return { why: `"version" is not ${version.toString()}` };
  if (!Array.isArray(given.findings)) return { why: '"findings" is no list' };
  const rows = new Map<string, number>();
  for (const [index, one] of (given.findings as unknown[]).entries()) {
    const row = rowOf(one);
    if (row === undefined) return { why: `finding ${(index + 1).toString()} is not one` };
    if (rows.has(row[0])) return { why: `finding ${(index + 1).toString()} is there twice` };
    rows.set(...row);
  }
  return rows;
}

/** Whether a value is a baseline. */
export const isBaseline = (value: Baseline | NoBaseline): value is Baseline => value instanceof Map;

/** The text of the baseline that accepts some findings. */
export function baselineText(findings: readonly ReportedFinding[]): string {
  const counts = new Map<string, number>();
  for (const { fingerprint } of findings) {
    counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1);
  }
  const rows = [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([fingerprint, count]) => ({ fingerprint, count }));
  return `${JSON.stringify({ kind, version, findings: rows }, undefined, 2)}\n`;
}

/** Accepts findings as long as the baseline has as many of them. */
export function startAccepting(baseline: Baseline): (fingerprint: string) => boolean {
  const left = new Map(baseline);
  return (fingerprint) => {
    const count = left.get(fingerprint) ?? 0;
    if (count === 0) return false;
    left.set(fingerprint, count - 1);
    return true;
  };
}
