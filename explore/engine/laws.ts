import type { Setup } from "../../events/setup.ts";
import type { World } from "../../projections/world.ts";
import { laws } from "../../properties/laws/all.ts";
import { ungrantedText } from "../../properties/laws/granted.ts";
import type { Law } from "../../properties/laws/law.ts";
import type { Run } from "../../properties/laws/run.ts";
import type { Violation } from "../../properties/verdict.ts";
import type { State } from "./configuration.ts";
import type { Made } from "./make-move.ts";

/** Whether something has changed that a law looks at. */
type Concern = (before: World, made: Made) => boolean;

/** The queue, its registers, or anything that either tells. */
const queueIsTouched: Concern = (before, { steps, world }) =>
  world.guests.some((guest, index) => {
    const was = before.guests[index];
    return guest.queue !== was?.queue || guest.registers !== was.registers;
  }) || steps.some(({ facts }) => facts.some(({ type }) => queueFacts.test(type)));

const queueFacts = /^(Descriptor|Wait|Queue)/;

const hasFact =
  (wanted: string): Concern =>
  (_, { steps }) =>
    steps.some(({ facts }) => facts.some(({ type }) => type === wanted));

/** Laws that have nothing to say of most moves, and when they have. */
const concerns: Readonly<Record<string, Concern>> = {
  QU1: queueIsTouched,
  QU2: queueIsTouched,
  IV4: hasFact("WaitCompleted"),
  FA2: hasFact("DmaBlocked"),
};

/** A law about what is the case after a move, whatever led there. */
type StateLaw = (world: World) => string | undefined;

const stateLaws: Readonly<Record<string, StateLaw>> = {
  IS1: (world) => {
    for (const guest of world.guests) {
      const text = ungrantedText(world, guest);
      if (text !== undefined) return text;
    }
    return undefined;
  },
};

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
    ofStates: Object.entries(stateLaws).filter(([id]) => ids.includes(id)),
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
  const run: Run = { setup, inputs: steps.map(({ input }) => input), start, steps, told };
  for (const law of ofMoves) {
    if (concerns[law.id]?.(start, made) === false) continue;
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
