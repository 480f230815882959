import type { Fact } from "../../events/fact.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { World } from "../../projections/world.ts";
import { textOfMessage } from "../deviation/message.ts";
import { pastAfter } from "../deviation/past.ts";
import type { Raw } from "./difference.ts";
import { rawDifferences } from "./difference.ts";
import { withoutInterruptEntries } from "./evict.ts";
import type { Comparing } from "./fold-dma.ts";
import { foldDma } from "./fold-dma.ts";
import { readTrace } from "./observation.ts";
import type { Passed } from "./pass.ts";
import { pass } from "./pass.ts";
import type { PlanStep } from "./plan.ts";
import type { Seen } from "./sight.ts";

/** A step as the model takes it from one world. */
export interface Tried {
  readonly before: World;
  readonly facts: readonly Fact[];
  readonly raw: readonly Raw[];
  readonly passed: Passed;
}

/** Takes one step from a world; `undefined` where the model cannot follow an allowed choice. */
function tryFrom(state: Comparing, before: World, step: PlanStep, seen: Seen): Tried | undefined {
  const { input } = step;
  const dma = input.type === "Dma" ? foldDma(state, input, seen) : undefined;
  const folded = dma === undefined ? fold(before, input) : dma.folded;
  if (folded === undefined) return undefined;
  const { facts, world } = folded;
  const [from, to] = [before.guests[0], world.guests[0]];
  if (from === undefined || to === undefined) return undefined;
  const past = pastAfter(state.past, facts, world);
  const traced = readTrace(seen.trace, input.type === "Dma" ? input.iova : undefined);
  const reached = input.type === "Dma" ? traced.translated : undefined;
  const message = traced.message && textOfMessage(traced.message);
  const now = { input, before: from, after: to, world: before, facts, past };
  const about = { ...now, reached, message, isTraced: seen.isTraced };
  const raw = [...(dma?.raw ? [dma.raw] : []), ...rawDifferences(step, seen, world, facts)];
  const look = (other: World, kept: readonly Fact[]) => rawDifferences(step, seen, other, kept);
  return { before, facts, raw, passed: pass(state.deviations, raw, about, look) };
}

const isClean = ({ passed }: Tried): boolean =>
  passed.unexplained === undefined && passed.used.length === 0;

/** Takes one step; an interrupt entry may be remembered or not. */
export function tryStep(state: Comparing, step: PlanStep, seen: Seen): Tried | undefined {
  const first = tryFrom(state, state.world, step, seen);
  if (first === undefined || step.input.type !== "MsiRequest" || isClean(first)) return first;
  const other = tryFrom(state, withoutInterruptEntries(state.world), step, seen);
  if (other === undefined) return first;
  const isBetter = isClean(other) || first.passed.unexplained !== undefined;
  if (!isBetter || other.passed.unexplained !== undefined) return first;
  state.choices += 1;
  return other;
}
