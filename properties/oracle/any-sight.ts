import type { Answers } from "./answers.ts";
import { expected } from "./expected.ts";
import { newHistories } from "./history.ts";
import { lateValues } from "./late-words.ts";
import type { Memory } from "./memory.ts";
import type { Oracle, World } from "./oracle.ts";
import { memoriesOf } from "./oracle.ts";
import type { Asked } from "./resolve.ts";

/** A word that waits, by the memory in which it does. */
export interface Waiting {
  readonly memory: Memory;
  readonly at: bigint;
}

/** A word that somebody read while it waits, and which of its values the reader is given. */
interface Choice extends Waiting {
  readonly values: readonly bigint[];
  index: number;
}

/** Ways to see memory that are tried for one question; what waits is rarely two or three words. */
const mostSights = 4_000;

/**
 * Asks the same of memories again and again, once for each way to see the words that wait and that
 * the question reads. The first is the one in which nothing that waits is seen.
 *
 * @returns the answers, and the words in the order in which they were met first.
 */
export function underEachSight<T>(
  memories: readonly Memory[],
  ask: () => T,
): { readonly answers: readonly T[]; readonly met: readonly Waiting[] } {
  const answers: T[] = [];
  const choices: Choice[] = [];
  const met: Waiting[] = [];
  const isSame = (one: Waiting) => (other: Waiting) =>
    one.at === other.at && one.memory === other.memory;
  do {
    let depth = 0;
    const see = (memory: Memory) => (at: bigint, seen: bigint) => {
      const word = { memory, at };
      const known = choices.slice(0, depth).find(isSame(word));
      if (known !== undefined) return known.values[known.index] ?? seen;
      const values = [...new Set([seen, ...lateValues(memory.late, at)])];
      if (values.length === 1) return seen;
      const next = choices[depth] ?? { ...word, values, index: 0 };
      choices[depth] = next;
      depth += 1;
      if (!met.some(isSame(word))) met.push(word);
      return next.values[next.index] ?? seen;
    };
    for (const memory of memories) memory.sight = see(memory);
    answers.push(ask());
    for (let last = choices.at(-1); last !== undefined; last = choices.at(-1)) {
      last.index += 1;
      if (last.index < last.values.length) break;
      choices.pop();
    }
  } while (choices.length > 0 && answers.length < mostSights);
  for (const memory of memories) memory.sight = undefined;
  return { answers, met };
}

/** The same unit with nothing cached, and nothing remembered of it. */
const asNew = (world: World): World => ({
  ...world,
  histories: newHistories(world.histories.nearby),
  ...{ keys: new Set(), answers: new Map(), kept: undefined },
});

/** What may become of a request by what the unit sees, and the words that it may not see yet. */
export interface Possible {
  readonly answers: readonly Answers[];
  readonly waiting: readonly Waiting[];
}

/**
 * All that may become of a request for a byte where nothing is cached: by each way to see what the
 * CPUs wrote and the unit need not see yet.
 *
 * @returns no answers where there is no such guest.
 */
export function possible(
  oracle: Oracle,
  guest: number,
  sid: number,
  iova: bigint,
  asked: Asked = {},
): Possible {
  const world = oracle.worlds[guest];
  if (world === undefined) return { answers: [], waiting: [] };
  const { answers, met } = underEachSight(memoriesOf(world), () => {
    const worlds = oracle.worlds.map((each, index) => (index === guest ? asNew(each) : each));
    return expected({ worlds }, guest, sid, iova, asked);
  });
  return { answers: answers.flatMap((each) => each ?? []), waiting: met };
}
