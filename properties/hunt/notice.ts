import fc from "fast-check";
import type { EventMutant } from "../bugs/event-mutant.ts";
import { become, timesTurned } from "../bugs/turn-event.ts";
import { laws } from "../laws/all.ts";
import { runOf } from "../laws/run.ts";
import { withinTime } from "../laws/within-time.ts";
import type { Program } from "../world/program.ts";
import { anyProgram } from "../world/program.ts";

/** Which laws noticed a mutant, three at most, and in how many worlds that it changed. */
export interface Noticed {
  readonly laws: readonly string[];
  readonly worlds: number;
}

/** How mutants are looked for. */
export interface Noticing {
  readonly seed: number;
  /** Worlds that are drawn, once for all mutants. */
  readonly worlds: number;
  /** Worlds that a mutant changes before it is given up. */
  readonly changed: number;
  /** Milliseconds that a fold, or a law, may take. */
  readonly patience: number;
}

/** A random world, and the kinds of fact that occur in it. */
interface Drawn {
  readonly program: Program;
  readonly types: ReadonlySet<string>;
}

/** Draws the worlds and folds each once, as it must be. */
export function drawWorlds({ seed, worlds }: Noticing): readonly Drawn[] {
  become(undefined);
  return fc.sample(anyProgram, { seed, numRuns: worlds }).map((program) => {
    const { steps } = runOf(program);
    const types = new Set(steps.flatMap(({ facts }) => facts.map(({ type }) => type)));
    return { program, types };
  });
}

/** Laws that notice whatever is not as it was, or take most of the time, are asked last. */
const general: readonly string[] = ["CH2", "PJ1", "SH3", "SV1", "SV2", "LO1", "LO3"];

const inOrder = [
  ...laws.filter(({ id }) => !general.includes(id)),
  ...laws.filter(({ id }) => general.includes(id)),
];

/** So many laws are enough to say of a mutant. */
const enough = 3;

/** Laws that a program breaks; whatever throws breaks PF1, and what does not end WO3. */
function lawsBroken(
  program: Program,
  { how }: EventMutant,
  patience: number,
): readonly string[] | undefined {
  const failed = (error: unknown): string => (String(error).includes("timed out") ? "WO3" : "PF1");
  const broken = new Set<string>();
  try {
    const run = withinTime(patience, () => runOf(program));
    // What is read otherwise is so for those alone who look.
    if (timesTurned() === 0 && how !== "read") return undefined;
    for (const law of inOrder) {
      if (broken.size >= enough) break;
      try {
        if (withinTime(patience, () => law.check(run, () => {})) !== undefined) broken.add(law.id);
      } catch (error) {
        broken.add(failed(error));
      }
    }
  } catch (error) {
    broken.add(failed(error));
  }
  return timesTurned() === 0 && broken.size === 0 ? undefined : [...broken];
}

/** Holds a mutant to every law in one world after the other, until some of them notice it. */
export function notice(
  mutant: EventMutant,
  drawn: readonly Drawn[],
  { changed, patience }: Noticing,
): Noticed {
  let worlds = 0;
  for (const { program, types } of drawn) {
    if (mutant.of === "fact" && !types.has(mutant.fact)) continue;
    become(mutant);
    const broken = lawsBroken(program, mutant, patience);
    become(undefined);
    if (broken === undefined) continue;
    worlds += 1;
    if (broken.length > 0) return { laws: broken, worlds };
    if (worlds >= changed) break;
  }
  return { laws: [], worlds };
}
