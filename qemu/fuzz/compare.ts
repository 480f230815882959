import { pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import type { World } from "../../projections/world.ts";
import { find } from "../../properties/laws/requests.ts";
import { observe } from "../../properties/oracle/observe.ts";
import type { Key } from "../../properties/oracle/oracle.ts";
import { createOracle } from "../../properties/oracle/oracle.ts";
import { contextsUsed } from "../deviation/context-memory.ts";
import type { Deviation } from "../deviation/deviation.ts";
import { noPast, pastAfter } from "../deviation/past.ts";
import { compareEnd } from "./compare-end.ts";
import { isDefinedWrite, isDevicePage } from "./defined-input.ts";
import type { Difference } from "./difference.ts";
import { textOf } from "./difference.ts";
import type { Comparing } from "./fold-dma.ts";
import { requesterOf, useIn } from "./fold-dma.ts";
import { memoryAt } from "./image.ts";
import { readTrace } from "./observation.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { slotBytes } from "./sendable.ts";
import type { Seen, Sight } from "./sight.ts";
import { tryStep } from "./try-step.ts";

/** What a comparison came to. */
export interface Comparison {
  /** Steps that were compared and agree. */
  readonly agreed: number;
  readonly difference: Difference | undefined;
  /** Deviations that were met, with how often. */
  readonly met: ReadonlyMap<string, number>;
  /** Times that the target used one of several values that are allowed, and not the model's. */
  readonly choices: number;
  /** Types of inputs and facts that were seen, with how often. */
  readonly kinds: ReadonlyMap<string, number>;
  /** The guest after each step that agreed, as the target has it. */
  readonly worlds: readonly World[];
}

const nearby = Array.from({ length: 160 }, (_, page) => page);

function keysOf(plan: Plan): readonly Key[] {
  const keys = new Map<string, Key>();
  for (const { input } of plan.steps) {
    if (input.type !== "Dma") continue;
    const sid = requesterOf(input.device);
    const page = pageOf(input.iova);
    keys.set(`${sid}:${page}`, { guest: 0, sid, page });
  }
  return [...keys.values()].slice(0, 64);
}

/** What a device that read must have in its buffer. */
function noteRead(state: Comparing, at: number, step: PlanStep, facts: readonly Fact[]): void {
  const { input, slot } = step;
  if (input.type !== "Dma" || input.access !== "read" || slot === undefined) return;
  const length = Math.min(input.length ?? 8, slotBytes);
  const landed = find(facts, "DmaLanded");
  const [guest] = state.world.guests;
  if (guest === undefined) return;
  const bytes =
    landed?.gpa === undefined ? new Uint8Array(length) : memoryAt(guest, landed.gpa, length);
  state.reads.push({ at, bdf: input.device, slot, gpa: landed?.gpa, bytes });
}

/** Whether a DMA went to a device in the target, which may have done anything with it. */
function isAtDevice({ input }: PlanStep, { trace }: Seen): boolean {
  if (input.type !== "Dma") return false;
  const { translated } = readTrace(trace, input.iova);
  return translated !== undefined && isDevicePage(pageOf(translated));
}

/** What the target remembers of a requester once it has made a request. */
function noteUse(state: Comparing, source: number, { guests }: World): void {
  const [guest] = guests;
  if (guest === undefined) return;
  state.past = { ...state.past, contexts: contextsUsed(state.past.contexts, guest, source) };
}

/**
 * Compares what a target did with a plan with what the model says, step by step, and stops at the
 * first difference that no deviation explains. Where the architecture allows several outcomes,
 * because something changed and was not announced, the model takes the target's if it is one of
 * them.
 */
export function compare(
  setup: GuestSetup,
  plan: Plan,
  sight: Sight,
  deviations: readonly Deviation[],
): Comparison {
  const oracle = createOracle({ guests: [setup] }, keysOf(plan), nearby);
  const world = createWorld({ guests: [setup] });
  const met = new Map<string, number>();
  const kinds = new Map<string, number>();
  const worlds: World[] = [];
  const count = (kind: string): void => void kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const state: Comparing = {
    world,
    oracle,
    choices: 0,
    reads: [],
    deviations,
    met,
    past: noPast(),
  };
  const done = (agreed: number, difference?: Difference): Comparison => ({
    ...{ agreed, difference, choices: state.choices, met, kinds, worlds },
  });
  for (const [at, step] of plan.steps.entries()) {
    const seen = sight.seen[at];
    if (seen === undefined) break;
    // In the target's state a write may be undefined that is not in the model's.
    const [guest] = state.world.guests;
    const { input } = step;
    if (guest && input.type === "RegisterWrite" && !isDefinedWrite(guest, input)) return done(at);
    if (isAtDevice(step, seen)) return done(at);
    const tried = tryStep(state, step, seen);
    // One of the choices that are allowed, which the model cannot follow.
    if (tried === undefined) return done(at);
    const { facts, passed, raw, before } = tried;
    // A write of the unit's to where no memory is, which its state alone leads to.
    if (find(facts, "MemoryWriteDropped") !== undefined) return done(at);
    for (const id of passed.used) met.set(id, (met.get(id) ?? 0) + 1);
    state.world = passed.world;
    if (passed.unexplained !== undefined) {
      const { what } = passed.unexplained;
      const all = raw.map(textOf).join("; ");
      const sides = raw;
      return done(at, { at, what, text: all, before, after: passed.world, facts, sides });
    }
    if (passed.isOver) return done(at);
    worlds.push(passed.world);
    count(step.input.type);
    for (const { type } of facts) count(type);
    noteRead(state, at, step, passed.facts);
    const used = useIn(state, step, seen, passed.world, passed.facts);
    if (input.type === "Dma") noteUse(state, requesterOf(input.device), before);
    state.past = pastAfter(state.past, passed.facts, passed.world, used);
    observe(oracle, step.input, passed.facts);
  }
  const end = compareEnd(state, plan, sight);
  return done(plan.steps.length, end);
}
