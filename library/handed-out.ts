import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import type { Folded } from "../hypervisor/fold.ts";
import type { World } from "../projections/world.ts";

/** Bytes alone can be changed by whoever has them; every event has them under this name. */
type Event = (Input | Fact) & { readonly bytes?: Uint8Array };

/** An event of which the world keeps nothing: itself where it has no bytes. */
export function ownEvent<T extends Input | Fact>(event: T): T {
  const { bytes } = event as Event;
  return bytes === undefined ? event : { ...event, bytes: bytes.slice() };
}

/** Facts of which the world keeps nothing: the same list where none has bytes. */
const ownFacts = (facts: readonly Fact[]): readonly Fact[] =>
  facts.some((fact) => (fact as Event).bytes !== undefined) ? facts.map(ownEvent) : facts;

/** What a fold gave, as somebody else may have it. */
export const ownFolded = ({ world, facts }: Folded): Folded => ({ world, facts: ownFacts(facts) });

/** A step as somebody else may have it. */
export const ownStep = (step: Step): Step => ({
  ...step,
  input: ownEvent(step.input),
  facts: ownFacts(step.facts),
});

const ownWorld = (world: World): World =>
  Object.freeze({ ...world, guests: Object.freeze([...world.guests]) });

/** A step of a timeline, which goes on from its own worlds whatever becomes of these. */
export const ownMoment = (step: Step): Step =>
  Object.freeze({ ...ownStep(step), before: ownWorld(step.before), after: ownWorld(step.after) });
