import type { Access, PageSize } from "../../events/input.ts";
import { smaller } from "./compose.ts";
import type { Chain, FirstTables } from "./first-chain.ts";
import { chains, resultOf, waysNow } from "./first-chain.ts";
import type { FirstRequest } from "./first-entry.ts";
import { inScalableMode, isCanonical, refusal, tableReason, touched } from "./first-entry.ts";
import type { Space } from "./pasid-entry.ts";
import type { PageValue, TableAnswer, Unit, Word } from "./walk.ts";
import { bit, isInterruptPage } from "./word.ts";

export interface FirstWalk {
  readonly outcome: TableAnswer;
  /** Words of the first stage that it read, in order. */
  readonly words: readonly Word[];
  /** Words that it writes, in order: accessed and dirty bits. */
  readonly updates: readonly (readonly [gpa: bigint, value: bigint])[];
}

/**
 * What becomes of a request on one way down; several where the second stage has several answers.
 */
export function follow(
  { unit, space, ways }: FirstTables,
  page: number,
  chain: Chain,
  request: FirstRequest,
): readonly FirstWalk[] {
  const words: Word[] = [];
  const updates: [bigint, bigint][] = [];
  const stop = (reason: number): FirstWalk[] => [
    { outcome: { kind: "fault", reason }, words, updates },
  ];
  if (!isCanonical(page, space.levels)) return stop(0x80);
  let user = true;
  for (const step of chain) {
    const top = step.level === space.levels;
    if (step.gpa !== undefined) words.push([step.gpa, step.value]);
    else if (step.place?.read.kind === "fault")
      return stop(tableReason(step.place.read.reason, top));
    // What the unit has written on this walk already is what it reads.
    const value = updates.find(([at]) => at === step.gpa)?.[1] ?? step.value;
    if (value === undefined) return stop(top ? 0x73 : 0x70);
    user &&= bit(value, 2);
    const reason = refusal(unit, space, { level: step.level, value }, request, user);
    if (reason !== undefined) return stop(reason);
    const after = touched(space, step.level, value, request.access);
    if (step.place === undefined || step.gpa === undefined || after === value) continue;
    const { write } = step.place;
    if (write.kind === "fault") return stop(0x77);
    if (!unit.canWrite(step.gpa)) return stop(0x91);
    updates.push([step.gpa, after]);
  }
  const { address, size } = resultOf(chain, page);
  return ways.second(Number(address >> 12n)).map((value) => ({
    outcome: finalOutcome(value, request.access, size),
    words,
    updates,
  }));
}

/** The result as the second stage gives it, of the smaller size. */
function finalOutcome(value: PageValue, access: Access, size: PageSize): TableAnswer {
  const outcome = inScalableMode(value, access);
  if (outcome.kind === "interrupt") return outcome;
  // An address beyond the second stage's width is the first stage's mistake.
  if (outcome.kind === "fault")
    return outcome.reason === 0x84 ? { ...outcome, reason: 0x74 } : outcome;
  if (isInterruptPage(Number(outcome.gpa >> 12n))) return { kind: "fault", reason: 0x87 };
  return { kind: "page", gpa: outcome.gpa, size: smaller(outcome.size, size) };
}

/** Walks first-stage tables on the first way down that there is. */
export function walkFirst(tables: FirstTables, page: number, request: FirstRequest): FirstWalk {
  for (const chain of chains(tables, page)) {
    for (const walk of follow(tables, page, chain, request)) return walk;
  }
  return { outcome: { kind: "fault", reason: 0x73 }, words: [], updates: [] };
}

/** Walks first-stage tables, and the second stage behind them, as they are now. */
export const walkFirstStage = (
  unit: Unit,
  space: Space,
  page: number,
  request: FirstRequest,
): FirstWalk => walkFirst({ unit, space, ways: waysNow(unit, space) }, page, request);
