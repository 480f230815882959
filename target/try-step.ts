import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { fold } from "../hypervisor/fold.ts";
import type { World } from "../projections/world.ts";
import { expected } from "../properties/oracle/expected.ts";
import type { Raw } from "./difference.ts";
import { rawDifferences } from "./difference.ts";
import { withoutInterruptEntries } from "./evict.ts";
import type { Comparing } from "./fold-dma.ts";
import { foldDma } from "./fold-dma.ts";
import { requesterOf } from "./machine.ts";
import { textOfMessage } from "./message.ts";
import type { Passed } from "./pass.ts";
import { pass } from "./pass.ts";
import { pastAfter } from "./past.ts";
import type { Seen } from "./sight.ts";

/** A step as the model takes it from one world. */
export interface Tried {
  readonly before: World;
  readonly facts: readonly Fact[];
  readonly raw: readonly Raw[];
  readonly passed: Passed;
}

/** Whether several answers to a translation request are right. */
function isOpen({ oracle }: Comparing, input: Input): boolean {
  if (input.type !== "AtsRequest") return false;
  const { device, iova, pasid, privileged, execute } = input;
  const asked = { pasid, privileged, execute };
  const wanted = expected(oracle, 0, requesterOf(device), iova, asked);
  return wanted === undefined || wanted.pending || wanted.first !== undefined;
}

/** Takes one step from a world; `undefined` where the model cannot follow an allowed choice. */
function tryFrom(state: Comparing, before: World, input: Input, seen: Seen): Tried | undefined {
  const dma = input.type === "Dma" ? foldDma(state, input, seen) : undefined;
  const folded = dma === undefined ? fold(before, input) : dma.folded;
  if (folded === undefined) return undefined;
  const { facts, world } = folded;
  const [from, to] = [before.guests[0], world.guests[0]];
  if (from === undefined || to === undefined) return undefined;
  const past = pastAfter(state.known.memory, state.past, facts, world);
  const traced = seen.observed;
  const reached = input.type === "Dma" ? traced.translated : undefined;
  const message = traced.message && textOfMessage(traced.message);
  const now = { input, before: from, after: to, world: before, facts, past };
  const about = { ...now, reached, message, isTraced: seen.isTraced };
  const raw = [...(dma?.raw ? [dma.raw] : []), ...rawDifferences(input, seen, world, facts)];
  // What was changed and not announced may be granted as it was: nobody knows which.
  if (raw.some(({ what }) => what === "answer") && isOpen(state, input)) return undefined;
  const look = (other: World, kept: readonly Fact[]) => rawDifferences(input, seen, other, kept);
  return { before, facts, raw, passed: pass(state.known.deviations, raw, about, look) };
}

const isClean = ({ passed }: Tried): boolean =>
  passed.unexplained === undefined && passed.used.length === 0;

/** Takes one step; an interrupt entry may be remembered or not. */
export function tryStep(state: Comparing, input: Input, seen: Seen): Tried | undefined {
  const first = tryFrom(state, state.world, input, seen);
  if (first === undefined || input.type !== "MsiRequest" || isClean(first)) return first;
  const other = tryFrom(state, withoutInterruptEntries(state.world), input, seen);
  if (other === undefined) return first;
  const isBetter = isClean(other) || first.passed.unexplained !== undefined;
  if (!isBetter || other.passed.unexplained !== undefined) return first;
  state.choices += 1;
  return other;
}
