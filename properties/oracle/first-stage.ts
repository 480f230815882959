import type { PageSize } from "../../events/input.ts";
import { smaller } from "./compose.ts";
import type { FirstRequest } from "./first-entry.ts";
import {
  isCanonical,
  isLeaf,
  refusal,
  reservedBits,
  secondStageReason,
  tableReason,
  touched,
} from "./first-entry.ts";
import type { Space } from "./pasid-entry.ts";
import type { Outcome, PageValue, Unit, Word } from "./walk.ts";
import { leafSize, walkTables } from "./walk.ts";
import { bit, isInterruptPage, ones } from "./word.ts";

/** One entry on the way through first-stage tables. */
export interface Step {
  readonly level: number;
  /** Where the tables say that it is; under nesting the second stage translates that. */
  readonly at: bigint;
  /** What the second stage says of its page; nothing for an entry that is remembered. */
  readonly place: PageValue | undefined;
  /** Where it was read. */
  readonly gpa: bigint | undefined;
  readonly value: bigint | undefined;
}

/** From the top table to a leaf, or to the first entry that leads nowhere. */
export type Chain = readonly Step[];

/** What a walk may find instead of what memory holds now. */
export interface Ways {
  /** Ways from the top down to an upper entry that are remembered: a walk may begin below them. */
  readonly starts: ReadonlyMap<string, Chain>;
  /** What the second stage says, or may say, of a page; at least one. */
  readonly second: (page: number) => readonly PageValue[];
}

export interface FirstWalk {
  readonly outcome: Outcome;
  /** Words of the first stage that it read, in order. */
  readonly words: readonly Word[];
  /** Words that it writes, in order: accessed and dirty bits. */
  readonly updates: readonly (readonly [gpa: bigint, value: bigint])[];
}

/** What memory and second stage say now, and nothing else. */
export const waysNow = (unit: Unit, { second }: Space): Ways => ({
  starts: new Map(),
  second: (page) => [second === undefined ? itself(page) : secondNow(unit, second, page)],
});

/** What second-stage tables say of a page now. */
function secondNow(unit: Unit, tables: NonNullable<Space["second"]>, page: number): PageValue {
  const read = walkTables(unit, tables, page, "read").outcome;
  return { read, write: walkTables(unit, tables, page, "write").outcome };
}

/** Without a second stage an address is a GPA. */
export function itself(page: number): PageValue {
  const same = { kind: "page", gpa: BigInt(page) << 12n, size: leafSize(3, page) } as const;
  return { read: same, write: same };
}

/** The GPA of a page; nothing where there is none. */
const gpaIn = (outcome: Outcome): bigint | undefined =>
  outcome.kind === "page" ? outcome.gpa : undefined;

/** One text for an entry at its place, whatever its accessed and dirty bits. */
export const stepKey = (at: bigint, value: bigint | undefined): string =>
  `${at}=${value === undefined ? "" : value & ~((1n << 5n) | (1n << 6n) | (1n << 10n))},`;

/** Every way down for a page: through what memory holds now, and on from what is remembered. */
export function* chains(unit: Unit, space: Space, page: number, ways: Ways): Generator<Chain> {
  const shown = new Set<string>();
  for (const chain of below(unit, space, page, ways, space.levels, space.root)) {
    yield chain;
    let key = "";
    for (const { at, value } of ways.starts.size === 0 ? [] : chain) {
      key += stepKey(at, value);
      shown.add(key);
    }
  }
  for (const [key, start] of ways.starts) {
    // Memory shows the same: the ways from there are among those above.
    if (shown.has(key)) continue;
    const last = start[start.length - 1];
    if (last?.value === undefined) continue;
    const table = last.value & ones(51, 12);
    for (const rest of below(unit, space, page, ways, last.level - 1, table)) {
      yield [...start, ...rest];
    }
  }
}

/** Every way down from a table through what memory holds now. */
function* below(
  unit: Unit,
  space: Space,
  page: number,
  ways: Ways,
  level: number,
  table: bigint,
): Generator<Chain> {
  const iova = BigInt(page) << 12n;
  const at = table + ((iova >> BigInt(3 + 9 * level)) & 511n) * 8n;
  const steps: Step[] = ways.second(Number(at >> 12n)).map((place) => {
    const base = gpaIn(place.read);
    const gpa = base === undefined ? undefined : base | (at & 0xfffn);
    const value = gpa === undefined ? undefined : unit.read64(gpa);
    return { level, at, place, gpa, value };
  });
  for (const step of steps) {
    const { value } = step;
    const ends = value === undefined || !bit(value, 0) || isLeaf(level, value);
    if (ends || (value & reservedBits(unit, space, level, value)) !== 0n) {
      yield [step];
      continue;
    }
    for (const rest of below(unit, space, page, ways, level - 1, value & ones(51, 12))) {
      yield [step, ...rest];
    }
  }
}

/** Whether a chain ends in a present leaf. */
export function hasLeaf(unit: Unit, space: Space, chain: Chain): boolean {
  const last = chain[chain.length - 1];
  if (last?.value === undefined || !bit(last.value, 0) || !isLeaf(last.level, last.value)) {
    return false;
  }
  return (last.value & reservedBits(unit, space, last.level, last.value)) === 0n;
}

/** The L2 address that a chain's leaf gives to a page. */
export function resultOf(chain: Chain, page: number): { address: bigint; size: PageSize } {
  const last = chain[chain.length - 1];
  const level = last?.level ?? 1;
  const offset = ones(2 + 9 * level, 0);
  const base = (last?.value ?? 0n) & ones(51, 12) & ~offset;
  const size = (["4K", "2M", "1G"] as const)[level - 1] ?? "4K";
  return { address: base | ((BigInt(page) << 12n) & offset), size };
}

/**
 * What becomes of a request on one way down; several where the second stage has several answers.
 */
export function follow(
  unit: Unit,
  space: Space,
  page: number,
  chain: Chain,
  request: FirstRequest,
  ways: Ways,
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
    const reason = refusal(unit, space, step.level, value, request, user);
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
    outcome: finalOutcome(value[request.access], size),
    words,
    updates,
  }));
}

/** The result as the second stage gives it, of the smaller size. */
function finalOutcome(outcome: Outcome, size: PageSize): Outcome {
  if (outcome.kind === "interrupt") return outcome;
  if (outcome.kind === "fault") {
    return { kind: "fault", reason: secondStageReason(outcome.reason) };
  }
  if (isInterruptPage(Number(outcome.gpa >> 12n))) return { kind: "fault", reason: 0x87 };
  return { kind: "page", gpa: outcome.gpa, size: smaller(outcome.size, size) };
}

/** Walks first-stage tables, and the second stage behind them, as they are now. */
export function walkFirstStage(
  unit: Unit,
  space: Space,
  page: number,
  request: FirstRequest,
): FirstWalk {
  const ways = waysNow(unit, space);
  for (const chain of chains(unit, space, page, ways)) {
    for (const walk of follow(unit, space, page, chain, request, ways)) return walk;
  }
  return { outcome: { kind: "fault", reason: 0x73 }, words: [], updates: [] };
}
