import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { facts } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { impossible } from "../events/input-check.ts";
import type { World } from "../projections/world.ts";
import { anyFact, anyInput } from "../properties/arbitrary/event.ts";
import { anyProgram } from "../properties/world/program.ts";
import { createWorld, evolve, fold, steps } from "./check.ts";
import * as events from "./events.ts";
import * as history from "./history.ts";
import * as machines from "./machines.ts";
import * as projections from "./projections.ts";
import * as properties from "./properties.ts";
import * as shadowfold from "./shadowfold.ts";
import { errorOf } from "./test/junk.ts";

/** Everything that can be changed of what a value is made of, with the path to it. */
function changeable(value: unknown, path: string, found = new Map<object, string>()) {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.set(value, path);
  for (const [name, item] of Object.entries(value)) changeable(item, `${path}.${name}`, found);
  return found;
}

/** The paths to what two worlds have in common and is not frozen. */
function inCommon(one: World, other: World): readonly string[] {
  const mine = changeable(one, "");
  return [...changeable(other, "")].flatMap(([value, path]) =>
    mine.has(value) && !Object.isFrozen(value) ? [path] : [],
  );
}

const modules = { shadowfold, events, projections, machines, history, properties };
const isPlain = (value: object): boolean =>
  Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** The paths to all that a value is made of, as far as it is no library's, and is not frozen. */
function loose(value: unknown, path: string, seen = new Set<unknown>()): readonly string[] {
  if (typeof value !== "object" || value === null || !isPlain(value) || seen.has(value)) return [];
  seen.add(value);
  const inner = Object.entries(value)
    .filter(([name]) => name !== "machine")
    .flatMap(([name, item]) => loose(item, `${path}.${name}`, seen));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}

describe("what modules export", () => {
  it.each(Object.entries(modules))("[LB11] is frozen: %s", (name, one) => {
    const found = Object.entries(one).flatMap(([of, value]) => loose(value, `${name}.${of}`));
    expect(found).toEqual([]);
  });
});

describe("what worlds share", () => {
  it("[LB11] is frozen, whatever happened to them", () => {
    const strange = fc.array(fc.oneof(anyFact, anyInput), { maxLength: 30 });
    const property = fc.property(anyProgram, strange, (program, events) => {
      const made = (): World => {
        const { setup, inputs } = structuredClone(program);
        let world = createWorld(setup);
        const possible = inputs.filter((input) => impossible(input) === undefined);
        for (const { after } of steps(world, possible)) world = after;
        for (const event of events) {
          const own = { ...event, guest: 0 };
          errorOf(() => {
            world = Object.hasOwn(facts, own.type)
              ? evolve(world, own)
              : fold(world, own as Input).world;
          });
        }
        return world;
      };
      expect(inCommon(made(), made())).toEqual([]);
    });
    fc.assert(property, { numRuns: 20, endOnFailure: true });
  });
});
