import type { Answers } from "./answers.ts";
import { expected } from "./expected.ts";
import { newHistories } from "./history.ts";
import { lateValues } from "./late-words.ts";
import type { Memory } from "./memory.ts";
import type { Oracle, World } from "./oracle.ts";
import type { Asked } from "./resolve.ts";

/** A word that somebody read while it waits, and which of its values the reader is given. */
interface Choice {
  readonly at: bigint;
  readonly values: readonly bigint[];
  index: number;
}

/** Ways to see memory that are tried for one question; what waits is rarely two or three words. */
const mostSights = 1_000;

/**
 * Asks the same of a memory again and again, once for each way to see the words that wait and that
 * the question reads. The first is the one in which nothing that waits is seen.
 */
export function underEachSight<T>(memory: Memory, ask: () => T): readonly T[] {
  const answers: T[] = [];
  const choices: Choice[] = [];
  do {
    let met = 0;
    memory.sight = (at, seen) => {
      const known = choices.slice(0, met).find((choice) => choice.at === at);
      if (known !== undefined) return known.values[known.index] ?? seen;
      const late = lateValues(memory.late, at);
      if (late.length === 0) return seen;
      const next = choices[met] ?? { at, values: [seen, ...late], index: 0 };
      choices[met] = next;
      met += 1;
      return next.values[next.index] ?? seen;
    };
    answers.push(ask());
    for (let last = choices.at(-1); last !== undefined; last = choices.at(-1)) {
      last.index += 1;
      if (last.index < last.values.length) break;
      choices.pop();
    }
  } while (choices.length > 0 && answers.length < mostSights);
  memory.sight = undefined;
  return answers;
}

/** The same unit with nothing cached, and nothing remembered of it. */
const asNew = (world: World): World => ({
  ...world,
  histories: newHistories(world.histories.nearby),
  ...{ keys: new Set(), answers: new Map(), kept: undefined },
});

/**
 * All that may become of a request for a byte: by what may be cached, and, where nothing is, by
 * each way to see what the CPU wrote and the unit need not see yet.
 *
 * @returns nothing where there is no such guest.
 */
export function possible(
  oracle: Oracle,
  guest: number,
  sid: number,
  iova: bigint,
  asked: Asked = {},
): readonly Answers[] {
  const world = oracle.worlds[guest];
  const worst = expected(oracle, guest, sid, iova, asked);
  if (world === undefined || worst === undefined) return [];
  const anew = underEachSight(world.memory, () => {
    const worlds = oracle.worlds.map((each, index) => (index === guest ? asNew(each) : each));
    return expected({ worlds }, guest, sid, iova, asked);
  });
  return [worst, ...worst.candidates, ...anew.flatMap((each) => each ?? [])];
}
