import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input, InputOf } from "../events/input.ts";
import type { GuestSetup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { withAllSeen } from "../projections/memory/seen.ts";
import type { World } from "../projections/world.ts";
import { find } from "../properties/laws/requests.ts";
import { observe } from "../properties/oracle/observe.ts";
import type { Key } from "../properties/oracle/oracle.ts";
import { createOracle } from "../properties/oracle/oracle.ts";
import { atEnd, compareEnd, differingRead } from "./compare-end.ts";
import { isDefinedWrite, isDevicePage } from "./defined-input.ts";
import type { Difference } from "./difference.ts";
import { textOf } from "./difference.ts";
import type { Comparing } from "./fold-dma.ts";
import { usesIn } from "./fold-dma.ts";
import { memoryAt } from "./image.ts";
import type { Known } from "./known.ts";
import { landingOf } from "./landing.ts";
import { requesterOf } from "./machine.ts";
import { noPast, pastAfter, usesOf } from "./past.ts";
import type { Seen, Sight, Steps } from "./sight.ts";
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

function keysOf(steps: Steps): readonly Key[] {
  const keys = new Map<string, Key>();
  for (const input of steps) {
    if (input.type !== "Dma") continue;
    const sid = requesterOf(input.device);
    const { pasid } = input;
    const page = pageOf(input.iova);
    keys.set(`${sid}:${page}:${pasid ?? ""}`, { guest: 0, sid, page, pasid });
  }
  return [...keys.values()].slice(0, 64);
}

/** What a device that read must have read. */
function noteRead(state: Comparing, at: number, input: Input, facts: readonly Fact[]): void {
  if (input.type !== "Dma" || input.access !== "read") return;
  const length = input.length ?? 8;
  const landed = landingOf(facts);
  const [guest] = state.world.guests;
  if (guest === undefined) return;
  const bytes =
    landed?.gpa === undefined ? new Uint8Array(length) : memoryAt(guest, landed.gpa, length);
  state.reads.push({ at, bdf: input.device, gpa: landed?.gpa, bytes });
}

/** Whether a DMA went to a device in the target, which may have done anything with it. */
function isAtDevice(input: Input, { observed: { translated } }: Seen): boolean {
  return input.type === "Dma" && translated !== undefined && isDevicePage(pageOf(translated));
}

/**
 * What the target remembers of a requester once it has made a request. One that finds a translation
 * that was used before needs no context.
 */
function noteUse(
  state: Comparing,
  { device, iova }: InputOf<"Dma">,
  { observed: { translated } }: Seen,
  { guests }: World,
): void {
  const [guest] = guests;
  const source = requesterOf(device);
  const isKnown =
    translated !== undefined && usesOf(state.past, source, iova, translated).length > 0;
  if (guest === undefined || isKnown) return;
  const contexts = state.known.memory.used(state.past.contexts, guest, source);
  state.past = { ...state.past, contexts };
}

/**
 * Compares what a target did with a plan with what the model says, step by step, and stops at the
 * first difference that no deviation explains. Where the architecture allows several outcomes,
 * because something changed and was not announced, the model takes the target's if it is one of
 * them.
 */
export function compare(setup: GuestSetup, steps: Steps, sight: Sight, known: Known): Comparison {
  const oracle = createOracle({ guests: [setup] }, keysOf(steps), nearby);
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
    known,
    met,
    past: noPast(),
  };
  const done = (agreed: number, difference?: Difference): Comparison => ({
    ...{ agreed, difference, choices: state.choices, met, kinds, worlds },
  });
  for (const [at, input] of steps.entries()) {
    const seen = sight.seen[at];
    if (seen === undefined) break;
    // In the target's state a write may be undefined that is not in the model's.
    const [guest] = state.world.guests;
    if (guest && input.type === "RegisterWrite" && !isDefinedWrite(guest, input)) return done(at);
    if (known.hasDevices && isAtDevice(input, seen)) return done(at);
    const tried = tryStep(state, input, seen);
    // One of the choices that are allowed, which the model cannot follow.
    if (tried === undefined) return done(at);
    const { facts, passed, raw, before } = tried;
    // A write of the unit's to where no memory is, which its state alone leads to.
    if (find(facts, "MemoryWriteDropped") !== undefined) return done(at);
    for (const id of passed.used) met.set(id, (met.get(id) ?? 0) + 1);
    // What waits in a write buffer a unit may see at once, as most do.
    state.world = withAllSeen(passed.world);
    if (passed.unexplained !== undefined) {
      const { what } = passed.unexplained;
      const all = raw.map(textOf).join("; ");
      const sides = raw;
      return done(at, { at, what, text: all, before, after: passed.world, facts, sides });
    }
    if (passed.isOver) return done(at);
    worlds.push(passed.world);
    count(input.type);
    for (const { type } of facts) count(type);
    noteRead(state, at, input, passed.facts);
    const { data } = seen;
    if (data !== undefined) {
      const shown = differingRead(state, (step) => (step === at ? data : undefined));
      if (shown !== undefined) return done(at, atEnd(state, shown));
    }
    const used = usesIn(state, input, seen, passed.world, passed.facts);
    if (input.type === "Dma") noteUse(state, input, seen, before);
    state.past = pastAfter(known.memory, state.past, passed.facts, passed.world, used);
    observe(oracle, input, passed.facts);
  }
  const end = compareEnd(state, steps.length, sight);
  return done(steps.length, end);
}
