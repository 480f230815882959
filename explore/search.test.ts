import { describe, expect, it } from "vitest";
import { configurations } from "./configurations.ts";
import type { Configuration } from "./engine/configuration.ts";
import type { Outcome } from "./engine/search.ts";
import { search } from "./engine/search.ts";

const named = (name: string): Configuration => {
  const found = configurations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no configuration ${name}`);
  return found;
};

const explore = (name: string, depth: number, symmetric = true): Outcome =>
  search(named(name), { states: 20_000, depth, symmetric });

const unmet = ({ counts }: Outcome): readonly string[] =>
  Object.entries(counts.met).flatMap(([what, times]) => (times === 0 ? [what] : []));

const endless = Number.MAX_SAFE_INTEGER;

describe("a search", () => {
  it.each([
    ["faults", [1, 2, 3, 6, 9, 15, 18, 21, 20, 18, 14, 9, 4, 1]],
    ["page-requests", [1, 5, 26, 85, 181, 242, 185, 75, 16, 2]],
  ])("[EX1] %s has so many states, each looked at once, and none is wrong", (name, levels) => {
    const outcome = explore(name, endless);
    expect(outcome).toMatchObject({ ending: "complete", wrong: undefined, levels });
    expect(outcome.states).toBe(levels.reduce((sum, count) => sum + count));
    expect(unmet(outcome)).toEqual([]);
  });

  it.each([
    ["revoke", 5, [1, 2, 6, 12, 29, 55]],
    ["revoke-large", 4, [1, 2, 6, 12, 30]],
    ["ring", 2, [1, 22, 217]],
    ["scopes", 3, [1, 3, 14, 52]],
    ["pasids", 3, [1, 8, 44, 174]],
  ])("[EX2] %s is right to depth %i", (name, depth, levels) => {
    const outcome = explore(name, depth);
    expect(outcome).toMatchObject({ ending: "depth", wrong: undefined, levels });
  });

  it("[EX3] it ends at its bounds, with as many states as it may keep", () => {
    const bounds = { states: 50, depth: endless, symmetric: true };
    expect(search(named("revoke"), bounds)).toMatchObject({ ending: "states", states: 50 });
    const fits = { states: 141, depth: 13, symmetric: true };
    expect(search(named("faults"), fits)).toMatchObject({ ending: "depth", states: 141 });
    expect(search(named("faults"), { ...fits, depth: 14 }).ending).toBe("complete");
    expect(search(named("faults"), { ...fits, states: 140, depth: 14 }).ending).toBe("states");
  });
});

describe("like things", () => {
  it.each([
    ["revoke", 4],
    ["revoke-large", 3],
    ["scopes", 2],
    ["faults", endless],
  ])("[EX4] a state of %s stands for all its renamed ones, and for no others", (name, depth) => {
    const [with_, without] = [explore(name, depth), explore(name, depth, false)];
    expect(with_.orbits).toBe(without.states);
    expect(with_.states).toBeLessThan(without.states / 3);
    expect([with_.ending, with_.levels.length]).toEqual([without.ending, without.levels.length]);
    expect(without.orbits).toBe(without.states);
  });
});
