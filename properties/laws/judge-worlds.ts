import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Violation } from "../verdict.ts";
import type { Program } from "../world/program.ts";
import { guarded, isMissing } from "./guarded.ts";
import type { Law } from "./law.ts";
import { headOf, reportOf } from "./report.ts";
import type { Run } from "./run.ts";
import { runOf } from "./run.ts";
import { withinTime } from "./within-time.ts";

/** Which worlds are judged, and by what. */
export interface Session {
  readonly programs: fc.Arbitrary<Program>;
  readonly laws: readonly Law[];
  readonly seed: number;
  readonly worlds: number;
  /** Milliseconds that a generator, a fold, or the laws of one world may take. */
  readonly patience: number;
  /** One world in so many is folded and judged twice. */
  readonly twice: number;
}

/** What was found. It fills as worlds are judged. */
export interface Judged {
  /** The first report of each law, by id; of the fold and of the generator by name. */
  readonly reports: Map<string, string>;
  /** By law and name of the case, how often it was reached. */
  readonly reached: Map<string, number>;
  worlds: number;
  inputs: number;
  fewest: number;
}

/** What one law says to one run, and what it counts. */
interface Said {
  readonly violation: Violation | undefined;
  readonly counts: ReadonlyMap<string, number>;
}

function ask(law: Law, run: Run): Said {
  const counts = new Map<string, number>();
  const violation = law.check(run, (name, times = 1) => {
    counts.set(name, (counts.get(name) ?? 0) + times);
  });
  return { violation, counts };
}

/** Asks laws in turn; one that throws or does not end is no reason not to ask the next. */
function askEach(
  { laws, patience }: Session,
  run: Run,
  said: (law: Law, what: Said) => void,
  failed: (law: Law, error: unknown) => void,
): void {
  let next = 0;
  const askOn = (): void => {
    for (; next < laws.length; next++) {
      const law = laws[next] as Law;
      said(law, ask(law, run));
    }
  };
  while (next < laws.length) {
    try {
      withinTime(patience, askOn);
    } catch (error) {
      failed(laws[next] as Law, error);
      next += 1;
    }
  }
}

/** Asks every law about a world, and some of them twice. */
function judgeWorld(session: Session, judged: Judged, program: Program, path: number): void {
  const { seed, patience, twice } = session;
  const { reports, reached } = judged;
  const where = { seed, path };
  const add = (name: string, text: () => string): void => {
    if (!reports.has(name)) reports.set(name, text());
  };
  const answers = new Map<Law, Said>();
  const failed = (law: Law, error: unknown): void =>
    add(law.id, () => headOf({ law: law.id, seq: 0, text: String(error) }, where));
  let again: Run | undefined;
  try {
    const run = withinTime(patience, () => runOf(program));
    askEach(session, run, (law, what) => answers.set(law, what), failed);
    if (path % twice === 0) again = withinTime(patience, () => runOf(program));
  } catch (error) {
    add("the fold", () => headOf({ law: "the fold", seq: 0, text: String(error) }, where));
  }
  for (const [{ id }, { counts }] of answers) {
    for (const [name, times] of counts) {
      reached.set(`${id} ${name}`, (reached.get(`${id} ${name}`) ?? 0) + times);
    }
  }
  for (const [law, { violation }] of answers) {
    if (violation !== undefined) add(law.id, () => reportOf(program, law, where));
  }
  if (again === undefined) return;
  const compare = (law: Law, what: Said): void => {
    if (isDeepStrictEqual(answers.get(law), what)) return;
    const text = "answers differently the second time";
    add(law.id, () => headOf({ law: law.id, seq: 0, text }, where));
  };
  askEach(session, again, compare, failed);
}

/** Draws the first programs again: the same seed must draw the same. */
function drawAgain({ programs, seed, patience }: Session, first: readonly object[]): boolean {
  const again = fc.sample(guarded(programs, patience), { seed, numRuns: first.length });
  return isDeepStrictEqual(again, first);
}

const few = 3;

/**
 * Holds random worlds to laws. Whatever throws, does not end, or answers differently twice is
 * reported with the seed and the number of the world, and the others are judged all the same.
 */
export function judgeWorlds(session: Session): Judged {
  const { programs, seed, worlds, patience } = session;
  const fewest = Number.POSITIVE_INFINITY;
  const judged: Judged = { reports: new Map(), reached: new Map(), worlds: 0, inputs: 0, fewest };
  const first: object[] = [];
  const wrong = (text: string, path: number): void => {
    const { reports } = judged;
    if (reports.has("the generator")) return;
    const violation = { law: "the generator", seq: 0, text };
    reports.set("the generator", headOf(violation, { seed, path }));
  };
  const property = fc.property(guarded(programs, patience), (program) => {
    const path = judged.worlds;
    judged.worlds += 1;
    if (first.length < few) first.push(program);
    if (isMissing(program)) {
      wrong(program.why, path);
      return;
    }
    judged.inputs += program.inputs.length;
    judged.fewest = Math.min(judged.fewest, program.inputs.length);
    judgeWorld(session, judged, program, path);
  });
  fc.assert(property, { seed, numRuns: worlds, endOnFailure: true });
  if (!drawAgain(session, first)) wrong("draws another world the second time", 0);
  return judged;
}
