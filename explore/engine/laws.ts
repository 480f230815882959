import { facts } from "../../events/fact.ts";
import type { Setup } from "../../events/setup.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { laws } from "../../properties/laws/all.ts";
import type { Good } from "../../properties/laws/granted.ts";
import { newGood, ungrantedText } from "../../properties/laws/granted.ts";
import type { Law } from "../../properties/laws/law.ts";
import type { Run } from "../../properties/laws/run.ts";
import type { Violation } from "../../properties/verdict.ts";
import type { State } from "./configuration.ts";
import type { Made } from "./make-move.ts";

/** Whether something has changed that a law looks at. */
type Concern = (before: World, made: Made) => boolean;

const queueFacts = Object.keys(facts).filter((type) => /^(Descriptor|Wait|Queue)/.test(type));

const hasFact = (...wanted: readonly string[]): Concern => {
  const types = new Set(wanted);
  return (_, { steps }) => {
    for (const step of steps) {
      for (const { type } of step.facts) if (types.has(type)) return true;
    }
    return false;
  };
};

const hasQueueFact = hasFact(...queueFacts);

/** The queue, its registers, or anything that either tells. */
const queueIsTouched: Concern = (before, made) => {
  const { guests } = made.world;
  for (let index = 0; index < guests.length; index++) {
    const [was, guest] = [before.guests[index], guests[index]];
    if (guest?.queue !== was?.queue || guest?.registers !== was?.registers) return true;
  }
  return hasQueueFact(before, made);
};

/** Shadows, what they are built from, or what lies behind them. */
const shadowsAreTouched: Concern = (before, { world }) =>
  world.guests.some((guest, index) => {
    const was = before.guests[index];
    if (guest === was) return false;
    return (
      guest.p2m !== was?.p2m ||
      guest.memory !== was.memory ||
      guest.tables !== was.tables ||
      guest.shadows.byRoot !== was.shadows.byRoot ||
      shadowsOf(guest).some((shadow) => !isBuiltAs(shadow, shadowAt(was, shadow.id)))
    );
  });

const isBuiltAs = (shadow: Shadow, was: Shadow | undefined): boolean =>
  shadow === was ||
  (shadow.stage === was?.stage && shadow.host === was.host && shadow.pending === was.pending);

/** Laws that have nothing to say of most moves, and when they have. */
const concerns: Readonly<Record<string, Concern>> = {
  SH3: shadowsAreTouched,
  QU1: queueIsTouched,
  QU2: queueIsTouched,
  IV4: hasFact("WaitCompleted"),
  FA2: hasFact("DmaBlocked"),
};

/** A law about what is the case after a move, whatever led there. */
type StateLaw = (world: World) => string | undefined;

/** IS1, which keeps what it found good of the states before. */
function granting(): StateLaw {
  const good: Good[] = [];
  return (world) => {
    for (const guest of world.guests) {
      good[guest.index] ??= newGood();
      const text = ungrantedText(world, guest, good[guest.index]);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

const stateLaws: Readonly<Record<string, () => StateLaw>> = { IS1: granting };

const ignore = (): void => undefined;

/** What is asked in a search. */
export interface Asked {
  /** Of each move, as a run of its own. */
  readonly ofMoves: readonly Law[];
  /** Of each state, by id. */
  readonly ofStates: readonly (readonly [string, StateLaw])[];
}

/** The laws of some ids. */
export function askedOf(ids: readonly string[]): Asked {
  const known = new Set(laws.map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Error(`there is no law ${unknown}`);
  return {
    ofMoves: laws.filter(({ id }) => ids.includes(id) && stateLaws[id] === undefined),
    ofStates: Object.entries(stateLaws).flatMap(([id, law]) =>
      ids.includes(id) ? [[id, law()] as const] : [],
    ),
  };
}

/** The first law that a move breaks. */
export function brokenByMove(
  { ofMoves }: Asked,
  setup: Setup,
  { world: start }: State<object>,
  made: Made,
): Violation | undefined {
  const { steps, told } = made;
  let run: Run | undefined;
  for (const law of ofMoves) {
    if (concerns[law.id]?.(start, made) === false) continue;
    run ??= { setup, inputs: steps.map(({ input }) => input), start, steps, told };
    const violation = law.check(run, ignore);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** The first law that a state breaks. */
export function brokenByState({ ofStates }: Asked, world: World): Violation | undefined {
  for (const [law, check] of ofStates) {
    const text = check(world);
    if (text !== undefined) return { law, seq: world.seq, text };
  }
  return undefined;
}
