import { laws } from "../properties/laws/all.ts";
import { ungrantedText } from "../properties/laws/granted.ts";
import { fingerprints, orbitOf } from "./canonical/fingerprints.ts";
import { renamingsOf } from "./canonical/renaming.ts";
import type { Configuration, Move, State } from "./engine/configuration.ts";
import type { Made } from "./engine/make-move.ts";
import { makeMove } from "./engine/make-move.ts";
import type { Bounds } from "./engine/search.ts";
import { startOf } from "./engine/search.ts";
import { configurationOf } from "./explored.ts";

/** What a plain search came to. */
export interface PlainOutcome {
  readonly states: number;
  readonly orbits: number;
  readonly levels: readonly number[];
  readonly transitions: number;
  readonly wrong?: { readonly law: string; readonly text: string; readonly moves: string[] };
}

interface Found {
  readonly state: State<object>;
  readonly moves: readonly string[];
}

/** The first law that a move breaks, each asked of it whatever the move has touched. */
function broken({ setup, laws: ids }: Configuration, { world: start }: State<object>, made: Made) {
  const { steps, told } = made;
  const inputs = steps.map(({ input }) => input);
  for (const law of laws) {
    if (!ids.includes(law.id) || law.id === "IS1") continue;
    const violation = law.check({ setup, inputs, start, steps, told }, () => undefined);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** What IS1 says of a state that nothing is known of. */
function ungranted({ laws: ids }: Configuration, { world }: State<object>) {
  const texts = ids.includes("IS1") ? world.guests.map((guest) => ungrantedText(world, guest)) : [];
  const text = texts.find((one) => one !== undefined);
  return text === undefined ? undefined : { law: "IS1", text };
}

/**
 * The search of `explored` as plainly as it can be said: it keeps every state as it is, tells
 * everything anew for its fingerprint, and asks every law of every move. Slow, and the same.
 */
export function plainlyExplored(name: string, { states, depth, symmetric }: Bounds): PlainOutcome {
  const configuration = configurationOf(name);
  const { alike, layout, moves } = configuration;
  const fingerprint = fingerprints<object>(
    renamingsOf(symmetric ? alike : []),
    layout,
    (to, ghost, names) => configuration.tell(to, ghost, names),
  );
  const start = startOf(configuration);
  const first = fingerprint(start.world, start.ghost);
  const seen = new Set([first.words.join()]);
  const levels = [1];
  let [orbits, transitions] = [orbitOf(first), 0];
  let frontier: readonly Found[] = [{ state: start, moves: [] }];
  for (let level = 0; level < depth && frontier.length > 0; level++) {
    const next: Found[] = [];
    for (const { state, moves: before } of frontier) {
      for (const move of moves as readonly Move<object>[]) {
        const made = makeMove(move, state);
        if (made === undefined) continue;
        transitions += 1;
        const { world, steps } = made;
        const way = [...before, move.says];
        const known = move.knows(state.ghost);
        const { ghost, wrong } = configuration.judge(known, steps, world, () => undefined);
        const now = { world, ghost };
        const found = fingerprint(world, ghost);
        const isNew = !seen.has(found.words.join());
        const bad =
          wrong === undefined
            ? (broken(configuration, state, made) ??
              (isNew ? ungranted(configuration, now) : undefined))
            : { law: "question", text: wrong };
        if (bad !== undefined) {
          const { law, text } = bad;
          return {
            states: seen.size,
            orbits,
            levels,
            transitions,
            wrong: { law, text, moves: way },
          };
        }
        if (!isNew) continue;
        if (seen.size >= states) return { states: seen.size, orbits, levels, transitions };
        seen.add(found.words.join());
        orbits += orbitOf(found);
        levels[level + 1] = (levels[level + 1] ?? 0) + 1;
        next.push({ state: now, moves: way });
      }
    }
    frontier = next;
  }
  return { states: seen.size, orbits, levels, transitions };
}
