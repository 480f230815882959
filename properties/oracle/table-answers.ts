import type { Access } from "../../events/input.ts";
import { secondStageReason } from "./first-entry.ts";
import { firstWalks, isFirstDirty, lowestUpper, spaceKey } from "./first-history.ts";
import type { FirstWalk } from "./first-stage.ts";
import { walkFirstStage } from "./first-stage.ts";
import type { Histories } from "./history.ts";
import { secondOf } from "./history.ts";
import { isPageDirty, pageKey } from "./page-history.ts";
import type { Tables } from "./pasid-entry.ts";
import type { Asked, Resolution } from "./resolve.ts";
import type { TableAnswer, Unit } from "./walk.ts";
import { readThrough, walkTables } from "./walk.ts";
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
const worded = (outcome: TableAnswer, scalable: boolean): TableAnswer =>
  scalable && outcome.kind === "fault" ? fault(secondStageReason(outcome.reason)) : outcome;

function throughTables(
  unit: Unit,
  all: Histories,
  tables: Tables & { readonly scalable: boolean },
  { page, access }: PageRequest,
): TableAnswers {
  const now = worded(walkTables(unit, tables, page, access).outcome, tables.scalable);
  const history = all.pages.get(pageKey(tables, page));
  if (history === undefined) return settled(now);
  const past = [...history.values.values()].map((value) => worded(value[access], tables.scalable));
  const { complete } = history;
  return { now, all: [...past, now], dirty: isPageDirty(history), complete };
}

function throughFirst(
  unit: Unit,
  all: Histories,
  { space, privileged }: Extract<Resolution, { kind: "firstStage" }>,
  { page, access, asked }: PageRequest,
): TableAnswers {
  const execute = access === "read" && asked.execute === true && asked.pasid !== undefined;
  const request = { access, privileged, execute };
  const walk = walkFirstStage(unit, space, page, request);
  const now = walk.outcome;
  const history = all.firsts.get(spaceKey(space, page));
  const { levels } = space;
  if (history === undefined) {
    const first = { ...walk, levels, cached: true, lowest: 1 };
    return { now, all: [now], dirty: false, complete: false, first };
  }
  const { cached, walked } = firstWalks(unit, history, request, secondOf(unit, all, space));
  let { complete } = history;
  let dirty = isFirstDirty(history);
  for (const each of space.second === undefined ? [] : history.seconds) {
    const second = space.second && all.pages.get(pageKey(space.second, each));
    complete &&= second?.complete === true;
    dirty ||= second === undefined || isPageDirty(second);
  }
  const outcomes = [...cached, ...walked].map((each) => each.outcome);
  const isCached = cached.some(({ outcome }) => outcome.kind === "page");
  const first = { ...walk, levels, cached: isCached, lowest: lowestUpper(history) };
  return { now, all: [...outcomes, now], dirty, complete, first };
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
  if (resolution.kind === "firstStage") return throughFirst(unit, all, resolution, request);
  if (resolution.scalable) return settled(throughScalable(unit, request));
  return settled(readThrough(unit, page, access, true));
}
