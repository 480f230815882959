import { reason } from "../../events/fault/fault-reason.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import { cachedTable, classOf, indexIn } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import { behindP2m, frameOf } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import type { Answer } from "../device/page-answer.ts";
import { allows, answered, fails, wholeAt } from "../device/page-answer.ts";
import { pageLimit } from "../shadow/synchronise.ts";
import { walkTables } from "../shadow/walk-second-stage.ts";
import type { Ask } from "./first-stage-rules.ts";
import { isCanonical } from "./first-stage-rules.ts";
import type { SecondStageAt, Traces } from "./surroundings.ts";
import type { FirstStageWalk } from "./walk-first-stage.ts";
import { walkFirstStage } from "./walk-first-stage.ts";

/** The second stage under a nested first stage, as the host has it. */
function secondStageOf(guest: Guest, stage: Space): SecondStageAt | undefined {
  const shadow = shadowAt(guest, stage.shadow);
  if (shadow !== undefined) {
    const limit = pageLimit(guest, shadow.levels);
    return (page) => (page < limit ? wholeAt(shadow.stage, page) : undefined);
  }
  return stage.second === undefined ? undefined : walkedSecond(guest, stage.second);
}

/** The guest's own second stage, walked as it is. */
export function walkedSecond(
  guest: Guest,
  { root, levels }: { readonly root: number; readonly levels: number },
): SecondStageAt {
  const limit = pageLimit(guest, levels);
  return (page) => (page < limit ? walkTables(guest, root, levels, page) : undefined);
}

/** What is cached of a first stage where it serves the request, else a walk. */
export function firstStageAnswer(guest: Guest, stage: Space, page: number, ask: Ask): Answer {
  if (!isCanonical(stage.levels, page)) return fails(reason.nonCanonical);
  const index = indexIn(stage.levels, page);
  const tree = stage.iotlb[classOf(ask.privileged, ask.execute)];
  const cached = tree === undefined ? 0 : get(tree, index);
  if (allows(cached, ask.write)) {
    if (!stage.virtual) return answered(cached, undefined, true);
    const mapping = behindP2m(cached, get(guest.p2m, frameOf(cached)));
    return answered(mapping, frameOf(cached), true);
  }
  const from = cachedTable(stage, index);
  const traces: Traces = { updates: [], tables: [], from: from?.level ?? stage.levels };
  const around = { second: secondStageOf(guest, stage), from, traces };
  const walk = walkFirstStage(guest, stage, page, ask, around);
  return { ...walkAnswer(guest, walk), traces };
}

/** The answer that a walk of a first stage comes to, behind the P2M. */
function walkAnswer(guest: Guest, { fault, mapping }: FirstStageWalk): Answer {
  if (fault !== 0) return fails(fault);
  const gfn = frameOf(mapping);
  return answered(behindP2m(mapping, get(guest.p2m, gfn)), gfn, true);
}
