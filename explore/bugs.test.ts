import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeHeader } from "../events/log/log.ts";
import { stepOf } from "../history/step.ts";
import type { ChartStep } from "../hypervisor/turn.ts";
import { bugs } from "../properties/bugs/all.ts";
import { importMutant, withMutant } from "../properties/hunt/mutant.ts";
import { referenceStep } from "../properties/laws/chart-transitions.ts";
import { configurations } from "./configurations.ts";
import type { Configuration, Move, State } from "./engine/configuration.ts";
import { allTransitions, countSteps, nothingTaken } from "./engine/coverage.ts";
import { makeMove } from "./engine/make-move.ts";
import { reachedOf } from "./engine/reached.ts";
import type { Progress } from "./engine/search.ts";
import { search, startOf } from "./engine/search.ts";
import { searchWithThreads } from "./engine/threads.ts";
import type { explored, followed } from "./explored.ts";

const named = (name: string): Configuration => {
  const found = configurations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no configuration ${name}`);
  return found;
};

/** A bug, the configuration that finds it, in how many moves, and what is broken. */
const found: readonly (readonly [string, string, number, string])[] = [
  ["p2m-in-flight", "revoke", 5, "IS1"],
  ["pending-too-wide", "revoke", 3, "SH3"],
  ["p2m-removal", "revoke", 3, "SH3"],
  ["ring-wrap", "ring", 3, "QU1"],
  ["faulting-tag", "scopes", 5, "question"],
  ["pasid-iotlb-kept", "pasids", 2, "IV6"],
  ["event-stays", "faults", 2, "question"],
  ["full-by-tail", "page-requests", 3, "question"],
];
const patience = 240_000;

describe("a seeded bug", () => {
  it.each(found)(
    "[EX10] %s is found in %s in %i moves, by %s",
    async (id, name, moves, law) => {
      const bug = bugs.find((one) => one.id === id);
      const module = (await importMutant("explore/explored.ts", bug)) as {
        explored: typeof explored;
        followed: typeof followed;
      };
      const bounds = { states: 2000, depth: 8 };
      // Without symmetry the same, in those where that does not take long.
      const ways = moves < 5 ? [true, false] : [true];
      for (const symmetric of ways) {
        const { ending, finding } = module.explored(name, { ...bounds, symmetric });
        expect([ending, finding?.moves.length, finding?.law]).toEqual(["wrong", moves, law]);
        const way = finding?.moves ?? [];
        expect(module.followed(name, way)).toEqual(finding);
        expect(module.followed(name, [...way, ...way.slice(-1)])).toBeUndefined();
      }
    },
    patience,
  );
});

describe("a question", () => {
  it(
    "[EX10] finds by itself what a law finds before it",
    async () => {
      const bug = bugs.find(({ id }) => id === "p2m-in-flight");
      const module = (await importMutant("explore/explored.ts", bug)) as {
        explored: typeof explored;
      };
      const bounds = { states: 2000, depth: 8, symmetric: true };
      const { finding } = module.explored("revoke", bounds, []);
      expect(finding).toMatchObject({ law: "question" });
      expect(finding?.text).toMatch(/^a DMA lands in guest page 0x1. after the host gave it to/);
      expect(finding?.moves).toHaveLength(6);
    },
    patience,
  );
});

describe("the driver of revoke", () => {
  it("[EX22] takes a status for nothing beside which a wrong answer stands", () => {
    const way = [
      "The driver takes page 0x10 and maps IOVA 0x40000 to it.",
      "The driver submits an IOTLB invalidation of IOVA 0x40000.",
      "The driver clears the entry of IOVA 0x40000.",
      "Device 00:04.0 asks for a translation of IOVA 0x40000.",
      "The driver submits an IOTLB invalidation of IOVA 0x40000.",
      "The driver submits device-TLB invalidations of IOVA 0x40000 for 00:04.0 and 00:05.0.",
      "The driver submits a wait that writes a status.",
      "Device 00:04.0 sends a write by its own TLB to IOVA 0x40000.",
      "Device 00:04.0 fails to forget what it is asked to, and says so.",
      "Device 00:05.0 forgets what it is asked to, and answers.",
    ];
    const { moves, judge } = named("revoke-large");
    let state: State<object> = startOf(named("revoke-large"));
    const met: string[] = [];
    for (const says of [...way, "Device 00:04.0 has its write land."]) {
      const move = moves.find((one) => one.says === says) as Move<object>;
      const made = makeMove(move, state);
      if (made === undefined) throw new Error(`${says} is not possible`);
      const known = move.knows(state.ghost);
      const { ghost, wrong } = judge(known, made.steps, made.world, (name) => met.push(name));
      expect([says, wrong]).toEqual([says, undefined]);
      state = { world: made.world, ghost };
    }
    expect(met).toEqual(["status beside a wrong answer", "landed while announced"]);
  });
});

describe("a search with threads", () => {
  it(
    "[EX11] comes to what a search without comes to",
    async () => {
      const bounds = { states: 60, depth: 9, symmetric: true };
      const alone = search(named("faults"), bounds);
      const several = await withMutant("explore/thread.ts", undefined, (path) =>
        searchWithThreads(named("faults"), bounds, { count: 2, file: pathToFileURL(path) }),
      );
      const { counts: _one, ...one } = alone;
      const { counts: _other, ...other } = several;
      expect(other).toEqual(one);
    },
    patience,
  );

  it(
    "[EX11] ends when somebody says so",
    async () => {
      const bounds = { states: 2000, depth: 9, symmetric: true };
      const told: number[] = [];
      const watch = ({ depth }: Progress): boolean => told.push(depth) < 3;
      const { ending, levels } = await withMutant("explore/thread.ts", undefined, (path) => {
        const threads = { count: 2, file: pathToFileURL(path) };
        return searchWithThreads(named("faults"), bounds, threads, watch);
      });
      expect([ending, told, levels.length]).toEqual(["stopped", [0, 1, 2], 4]);
    },
    patience,
  );
});

/** What charts are told on the way to and around the first states of a configuration. */
function toldIn(configuration: Configuration): readonly ChartStep[] {
  const told: ChartStep[] = [];
  const start = startOf(configuration, (step) => told.push(step));
  for (const move of configuration.moves) {
    const made = makeMove(move as Move<object>, start);
    if (made !== undefined) told.push(...made.told);
  }
  return told;
}

describe("coverage", () => {
  it.each(configurations)("[EX12] of $name counts the transition that xstate takes", (one) => {
    for (const step of toldIn(one)) {
      const taken = nothingTaken();
      countSteps(taken, [step]);
      const places = taken.flatMap((times, place) => (times > 0 ? [place] : []));
      const { chart, state, stimulus, unit } = step;
      const { by } = referenceStep(chart, state, stimulus, unit);
      const wanted = allTransitions.findIndex(
        ({ chart: other, transition }) => other === chart && transition === by,
      );
      const alike = allTransitions.findIndex(
        ({ chart: other, transition }) =>
          other === chart &&
          transition.from === by?.from &&
          transition.stimulus === by?.stimulus &&
          transition.index === by?.index,
      );
      expect(places).toEqual(by === undefined ? [] : [Math.max(wanted, alike)]);
    }
  });

  it("[EX12] lists the states that transitions lead to, and no others", () => {
    const { counts } = search(named("faults"), { states: 500, depth: 99, symmetric: true });
    const reached = reachedOf(counts.taken);
    const statesOf = (id: string) =>
      reached
        .find(({ chart }) => chart === id)
        ?.states.flatMap(({ state, isReached }) => (isReached ? [state] : []));
    expect(statesOf("fault recording")).toEqual(["empty", "pending", "overflowed"]);
    expect(statesOf("invalidation queue")).toEqual(["disabled", "idle"]);
    expect(statesOf("translation")).toContain("enabled");
  });
});

describe("a configuration", () => {
  it.each(configurations)("[EX15] $name boots without a refusal, and its moves differ", (one) => {
    let { world } = startOf({ ...one, boot: [] });
    for (const input of one.boot) {
      const { facts, after } = stepOf(world, input);
      expect(facts.filter(({ type }) => type === "InputRefused")).toEqual([]);
      world = after;
    }
    expect(new Set(one.moves.map(({ says }) => says)).size).toBe(one.moves.length);
    expect(one.moves.length).toBeLessThan(256);
    expect(encodeHeader(one.setup)).toContain("guests");
  });
});
