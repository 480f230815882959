import type { Access } from "../../events/input.ts";
import { hasExtended, nameOf } from "./extended/source.ts";
import type { FirstTables } from "./first-chain.ts";
import { secondNow } from "./first-chain.ts";
import type { FirstRequest } from "./first-entry.ts";
import { inScalableMode } from "./first-entry.ts";
import type { FirstHistory } from "./first-history.ts";
import { firstWalks, isFirstDirty, lowestUpper, spaceKey } from "./first-history.ts";
import type { FirstWalk } from "./first-stage.ts";
import { follow, walkFirst } from "./first-stage.ts";
import type { Histories } from "./history.ts";
import { secondOf } from "./history.ts";
import { isPageDirty, pageKey } from "./page-history.ts";
import type { Tables } from "./pasid-entry.ts";
import type { Asked, Resolution } from "./resolve.ts";
import { nowOf } from "./stale.ts";
import type { PageValue, TableAnswer, Unit } from "./walk.ts";
import { readThrough } from "./walk.ts";
import { isInterruptPage } from "./word.ts";

/** One access to one page. */
export interface PageRequest {
  readonly page: number;
  readonly access: Access;
  readonly asked: Asked;
}

/** A first-stage walk as the tables are now, and what may save some of it. */
export interface FirstExpected extends FirstWalk {
  readonly levels: number;
  /** The IOTLB may answer instead. */
  readonly cached: boolean;
  /** The lowest level of an upper entry that may be cached. */
  readonly lowest: number;
}

/** What becomes of a request under one resolution. */
export interface TableAnswers {
  readonly now: TableAnswer;
  /** What it may be, `now` among them. */
  readonly all: readonly TableAnswer[];
  /** Something may be cached that the tables do not say now. */
  readonly dirty: boolean;
  readonly complete: boolean;
  readonly first?: FirstExpected;
}

const settled = (now: TableAnswer): TableAnswers => ({
  now,
  all: [now],
  dirty: false,
  complete: true,
});

const fault = (reason: number): TableAnswer => ({ kind: "fault", reason });

/** What pass-through makes of a request. */
function throughScalable(unit: Unit, { page, asked }: PageRequest): TableAnswer {
  if (page >= 2 ** (unit.haw - 12)) return fault(0x83);
  if (asked.pasid !== undefined && isInterruptPage(page)) return fault(0x87);
  return { kind: "page", gpa: BigInt(page) << 12n, size: "1G" };
}

/** A second-stage outcome in the words of the mode. */
const worded = (value: PageValue, access: Access, scalable: boolean): TableAnswer =>
  scalable ? inScalableMode(value, access) : value[access];

function throughTables(
  unit: Unit,
  all: Histories,
  tables: Tables & { readonly scalable: boolean },
  { page, access }: PageRequest,
): TableAnswers {
  const now = worded(secondNow(unit, tables, page), access, tables.scalable);
  const history = all.pages.get(pageKey(tables, page));
  if (history === undefined) return settled(now);
  const past = [...history.values.values()].map((value) => worded(value, access, tables.scalable));
  const { complete } = history;
  return { now, all: [...past, now], dirty: isPageDirty(history), complete };
}

/** A walk of the first stage as the tables are now, on the way found last if that is kept. */
function walkNow(
  tables: FirstTables,
  page: number,
  request: FirstRequest,
  history: FirstHistory | undefined,
): FirstWalk {
  if (history !== undefined && !history.stale && history.now.length > 0) {
    const [walk] = follow(tables, page, history.now, request);
    if (walk !== undefined) return walk;
  }
  return walkFirst(tables, page, request);
}

const withCaches = (
  { outcome, words, updates }: FirstWalk,
  levels: number,
  cached: boolean,
  lowest: number,
): FirstExpected => ({ outcome, words, updates, levels, cached, lowest });

function throughFirst(
  unit: Unit,
  all: Histories,
  { space, privileged }: Extract<Resolution, { kind: "firstStage" }>,
  { page, access, asked }: PageRequest,
): TableAnswers {
  const execute = access === "read" && asked.execute === true && asked.pasid !== undefined;
  const request = { access, privileged, execute };
  const history = all.firsts.get(spaceKey(space, page));
  const tables = { unit, space, ways: nowOf(unit, all, space) };
  const walk = walkNow(tables, page, request, all.keeps ? history : undefined);
  const now = walk.outcome;
  const { levels } = space;
  if (history === undefined) {
    const first = withCaches(walk, levels, true, 1);
    return { now, all: [now], dirty: false, complete: false, first };
  }
  const { cached, walked } = firstWalks(
    unit,
    history,
    request,
    secondOf(unit, all, space),
    all.keeps,
  );
  let { complete } = history;
  let dirty = isFirstDirty(history);
  for (const each of space.second === undefined ? [] : history.seconds) {
    const second = space.second && all.pages.get(pageKey(space.second, each));
    complete &&= second?.complete === true;
    dirty ||= second === undefined || isPageDirty(second);
  }
  const outcomes = [...cached, ...walked].map((each) => each.outcome);
  const isCached = cached.some(({ outcome }) => outcome.kind === "page");
  const first = withCaches(walk, levels, isCached, lowestUpper(history));
  return { now, all: [...outcomes, now], dirty, complete, first };
}

/** The same answers in the words of version 2.x, where the unit is one. */
function inVersion2(found: TableAnswers, access: Access): TableAnswers {
  const named = (one: TableAnswer): TableAnswer =>
    one.kind === "fault" ? fault(nameOf(one.reason, access)) : one;
  const { first } = found;
  const other = { ...found, now: named(found.now), all: found.all.map(named) };
  return first === undefined
    ? other
    : { ...other, first: { ...first, outcome: named(first.outcome) } };
}

/** What becomes of a request, and may become of it, under one resolution. */
export function outcomesUnder(
  unit: Unit,
  all: Histories,
  resolution: Resolution,
  request: PageRequest,
): TableAnswers {
  const { page, access, asked } = request;
  if (asked.pasid === undefined && access === "write" && isInterruptPage(page)) {
    return settled({ kind: "interrupt" });
  }
  if (resolution.kind === "fault") return settled(fault(resolution.reason));
  if (resolution.kind === "tables") return throughTables(unit, all, resolution, request);
  if (resolution.kind === "firstStage") {
    const found = throughFirst(unit, all, resolution, request);
    return hasExtended(unit) ? inVersion2(found, access) : found;
  }
  if (resolution.scalable) return settled(throughScalable(unit, request));
  return settled(readThrough(unit, page, access, true));
}
