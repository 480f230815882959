import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Digest } from "../canonical/digest.ts";
import type { Layout } from "../canonical/layout.ts";
import type { Names } from "../canonical/names.ts";
import type { Kind } from "../canonical/renaming.ts";

/** Who makes a move. */
export type Actor = "driver" | "host" | "device" | "unit";

/** The world, and what somebody who only knows the inputs knows of it. */
export interface State<Ghost> {
  readonly world: World;
  readonly ghost: Ghost;
}

/** Something that one of the actors may do, as one or several inputs without anything between. */
export interface Move<Ghost> {
  readonly actor: Actor;
  /** A sentence, which tells it from every other move. */
  readonly says: string;
  /** What it comes to now; nothing when it is not possible. */
  inputs(state: State<Ghost>): readonly Input[];
  /** What the ghost knows once it was made, before anybody looks at what came of it. */
  knows(ghost: Ghost): Ghost;
}

/** What a judge makes of a move. */
export interface Judgement<Ghost> {
  readonly ghost: Ghost;
  /** What is wrong; `undefined` when nothing is. */
  readonly wrong?: string | undefined;
}

/** A small world with one question. */
export interface Configuration<Ghost extends object = object> {
  readonly name: string;
  /** The question, in one sentence. */
  readonly question: string;
  readonly setup: Setup;
  /** What happens before the first move. */
  readonly boot: readonly Input[];
  readonly layout: Layout;
  /** Things that are like each other. */
  readonly alike: readonly Kind[];
  readonly ghost: Ghost;
  readonly moves: readonly Move<Ghost>[];
  /** Ids of the laws that are asked of each move. */
  readonly laws: readonly string[];
  /** Cases that make the question worth asking: all must be met. */
  readonly sometimes: readonly string[];
  /**
   * Judges what came of a move by what the ghost knew before and knows now.
   *
   * @param count  notes that a case of `sometimes` was met.
   */
  judge(
    ghost: Ghost,
    steps: readonly Step[],
    world: World,
    count: (name: string) => void,
  ): Judgement<Ghost>;
  /** Tells what the ghost knows. */
  tell(to: Digest, ghost: Ghost, names: Names): void;
}
