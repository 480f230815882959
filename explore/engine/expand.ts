import type { Words } from "../canonical/fingerprints.ts";
import { orbitOf } from "../canonical/fingerprints.ts";
import type { QuickFingerprints } from "../canonical/quick-fingerprints.ts";
import { quickFingerprints } from "../canonical/quick-fingerprints.ts";
import { renamingsOf } from "../canonical/renaming.ts";
import type { Configuration, Move, State } from "./configuration.ts";
import type { Counts } from "./counts.ts";
import { countSteps } from "./coverage.ts";
import type { Lately } from "./lately.ts";
import { newLately } from "./lately.ts";
import type { Asked } from "./laws.ts";
import { askedOf, brokenByMove, brokenByState } from "./laws.ts";
import { makeMove } from "./make-move.ts";

/** Something that is wrong after a move from a state. */
export interface Wrong {
  readonly parent: number;
  readonly move: number;
  /** The id of a law, or `question`. */
  readonly law: string;
  readonly text: string;
}

/** A configuration with all that looking at its states takes. */
export interface Explorer {
  readonly configuration: Configuration;
  readonly asked: Asked;
  readonly fingerprints: QuickFingerprints;
  /** States that were met lately, by their plain fingerprints. */
  readonly lately: Lately;
}

const latelyBits = 20;

/** @param symmetric  like things are taken for each other. */
export function explorerOf(configuration: Configuration, symmetric: boolean): Explorer {
  const { alike, layout, laws } = configuration;
  const renamings = renamingsOf(symmetric ? alike : []);
  return {
    configuration,
    asked: askedOf(laws),
    fingerprints: quickFingerprints(renamings, layout, (to, ghost, names) =>
      configuration.tell(to, ghost, names),
    ),
    lately: newLately(latelyBits),
  };
}

/**
 * Told of each state that a move leads to and that was not met lately.
 *
 * @returns whether it is new.
 */
export type Reach = (words: Words, move: number, orbit: () => number) => boolean;

/**
 * Makes every move that is possible in a state, and asks the laws and the question of each.
 *
 * @returns what is wrong after the first move after which something is.
 */
export function expand(
  explorer: Explorer,
  state: State<object>,
  parent: number,
  counts: Counts,
  reach: Reach,
): Wrong | undefined {
  const { configuration, asked, fingerprints, lately } = explorer;
  const { moves, setup } = configuration;
  fingerprints.base(state.world, state.ghost);
  const count = (name: string): void => {
    counts.met[name] = (counts.met[name] ?? 0) + 1;
  };
  for (let index = 0; index < moves.length; index++) {
    const move = moves[index] as Move<object>;
    const made = makeMove(move, state);
    if (made === undefined) continue;
    counts.transitions += 1;
    counts.moves[index] = (counts.moves[index] as number) + 1;
    countSteps(counts.taken, made.told);
    const wrongIs = (law: string, text: string): Wrong => ({ parent, move: index, law, text });
    const { world, steps } = made;
    const known = move.knows(state.ghost);
    const { ghost, wrong } = configuration.judge(known, steps, world, count);
    if (wrong !== undefined) return wrongIs("question", wrong);
    const broken = brokenByMove(asked, setup, state, made);
    if (broken !== undefined) return wrongIs(broken.law, broken.text);
    const words = fingerprints.plain(world, ghost);
    if (lately.has(words)) continue;
    lately.add(words);
    const found = fingerprints.smallest();
    if (!reach(found.words, index, () => orbitOf(found))) continue;
    const bad = brokenByState(asked, world);
    if (bad !== undefined) return wrongIs(bad.law, bad.text);
  }
  return undefined;
}
