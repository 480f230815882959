import { env } from "node:process";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Guest } from "../../projections/guest.ts";
import { noShadows } from "../../projections/shadow/shadow.ts";
import { emptyRadix } from "../../tables/radix.ts";
import type { Violation } from "../verdict.ts";
import { anyProgram } from "../world/program.ts";
import type { Comparison } from "./each-key.ts";
import { compareChanged, comparePlainly } from "./each-key.ts";
import { maybePendingKey } from "./pending-known.ts";
import type { Glance, Sight } from "./probes.ts";
import { look } from "./probes.ts";
import { runOf } from "./run.ts";
import { pendingKey, settledKey } from "./shadow.ts";

/** How many worlds: 2,000 in the night. */
const worlds = Math.min(2_000, Number(env["SHADOWFOLD_WORLDS"] ?? 40));
const comparisons = [settledKey, pendingKey, maybePendingKey];

/** What came of one comparison. */
interface Said {
  readonly violation: Violation | undefined;
  readonly counts: ReadonlyMap<string, number>;
}

/** What a way of comparing says of every comparison, and what it counts. */
function saidBy(way: typeof comparePlainly, sight: Sight): readonly Said[] {
  return comparisons.map((comparison: Comparison) => {
    const counts = new Map<string, number>();
    const violation = way(sight, comparison, (name, times = 1) => {
      counts.set(name, (counts.get(name) ?? 0) + times);
    });
    return { violation, counts };
  });
}

const answersOf = ({ settled, waiting, asked, refusals, interrupts }: Sight): unknown => ({
  settled: settled.map(({ expected, replaced }: Glance) => [expected, replaced]),
  waiting: waiting.map(({ expected, replaced }: Glance) => [expected, replaced]),
  asked: [...asked].map(([seq, { expected, replaced }]) => [seq, expected, replaced]),
  interrupts: interrupts.map(({ expected, fresh, allowed }) => [expected, fresh, allowed]),
  refusals,
});

/** The same sight of worlds whose guests are other ones, from one moment up to another. */
function spoilt(sight: Sight, from: number, until: number, change: (guest: Guest) => Guest): Sight {
  const settled = sight.settled.map((glance, at) => {
    if (at < from || at >= until) return glance;
    const { world } = glance;
    return { ...glance, world: { ...world, guests: world.guests.map(change) } };
  });
  return { ...sight, settled };
}

const changes: readonly ((guest: Guest) => Guest)[] = [
  (guest) => ({ ...guest, charts: { ...guest.charts, translation: "disabled" } }),
  (guest) => ({ ...guest, shadows: noShadows }),
  (guest) => ({ ...guest, p2m: { ...guest.p2m, root: 0 } }),
  (guest) => ({ ...guest, spaces: {} }),
  (guest) => ({ ...guest, memory: { ...guest.memory, visible: emptyRadix() } }),
];

describe(`${worlds} random worlds`, () => {
  it(
    "[OR30] an oracle that asks again only what may have changed says what one says that asks all",
    () => {
      let asked = 0;
      const property = fc.property(anyProgram, (program) => {
        const run = runOf(program);
        const [kept, plain] = [look(run, true), look(run, false)];
        const [answers, wanted] = [answersOf(kept), answersOf(plain)];
        if (!isDeepStrictEqual(answers, wanted)) expect(answers).toEqual(wanted);
        expect(saidBy(compareChanged, kept)).toEqual(saidBy(comparePlainly, plain));
        asked += plain.keys.length * plain.settled.length;
      });
      fc.assert(property, { seed: 7, numRuns: worlds, endOnFailure: true });
      expect(asked).toBeGreaterThan(500 * worlds);
    },
    60_000 + worlds * 2_000,
  );

  it("[OR30] what is wrong for a while is found at the same event, and counted as often", () => {
    const found = new Set<string>();
    const broken = fc.tuple(anyProgram, fc.nat(99), fc.nat(60));
    const property = fc.property(broken, ([program, place, length]) => {
      const sight = look(runOf(program), true);
      const from = Math.floor((sight.settled.length * place) / 100);
      for (const [which, change] of changes.entries()) {
        const other = spoilt(sight, from, from + 1 + length, change);
        const [said, wanted] = [saidBy(compareChanged, other), saidBy(comparePlainly, other)];
        expect(said).toEqual(wanted);
        for (const { violation } of said) {
          if (violation !== undefined) found.add(`${violation.law} ${which}`);
        }
      }
    });
    fc.assert(property, { seed: 8, numRuns: 60, endOnFailure: true });
    const wanted = changes.map((_, which) => `SH1 ${which}`);
    expect([...found]).toEqual(expect.arrayContaining(wanted));
  });
});
