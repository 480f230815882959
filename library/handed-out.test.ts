import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { facts } from "../events/fact.ts";
import type { AnyField } from "../events/field.ts";
import type { Input } from "../events/input.ts";
import { inputs } from "../events/input.ts";
import { impossible } from "../events/input-check.ts";
import type { Step } from "../history/step.ts";
import { stateHash } from "../projections/digest.ts";
import type { World } from "../projections/world.ts";
import { anyFact } from "../properties/arbitrary/event.ts";
import { anyProgram } from "../properties/world/program.ts";
import { createWorld, decide, evolve, fold, steps } from "./check.ts";
import { historyOf } from "./past.ts";
import { runOf } from "./run.ts";
import { dma, setup } from "./test/junk.ts";

const p2m = [
  ...[{ gpa: 0n, hpa: 0x10_0000n, length: 4096n, pageSize: "4K", read: true, write: true }],
];
const withMemory = { guests: [{ ...setup.guests[0], p2m }] } as never;
const start = createWorld(withMemory);
const issue = { ...dma, type: "DmaIssue", tag: 7, iova: 0n, bytes: Uint8Array.of(1, 2) } as never;
const complete: Input = { type: "DmaComplete", tag: 7 };

/** Changes all that can be changed of what is handed out. @returns how much that was. */
function spoil(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (value instanceof Uint8Array) {
    value.set(value.map((byte) => byte + 1));
    return value.length;
  }
  let spoilt = 0;
  for (const [name, item] of Object.entries(value)) {
    spoilt += spoil(item);
    if (Array.isArray(value) && typeof item !== "object") {
      value[Number(name)] = 0n;
      spoilt += 1;
    }
  }
  return spoilt;
}

const landed = (world: World) => decide(world, complete).find(({ type }) => type === "DmaLanded");

describe("what is handed out", () => {
  it("[LB10] bytes of facts and of inputs may be changed, and no world changes with them", () => {
    const folded = fold(start, issue);
    expect(spoil(folded.facts)).toBe(2);
    expect(landed(folded.world)).toMatchObject({ bytes: Uint8Array.of(1, 2) });
    const [step] = steps(start, [issue]) as Iterable<Step>;
    expect(spoil(step?.input)).toBe(2);
    expect(spoil(step?.facts)).toBe(2);
    expect(landed(step?.after as World)).toMatchObject({ bytes: Uint8Array.of(1, 2) });
    spoil(decide(folded.world, complete));
    expect(landed(folded.world)).toMatchObject({ bytes: Uint8Array.of(1, 2) });
    const [fact] = fold(start, issue).facts;
    const evolved = evolve(start, fact as never);
    spoil(fact);
    expect(landed(evolved)).toMatchObject({ bytes: Uint8Array.of(1, 2) });
    const [taken] = runOf({ setup: withMemory, inputs: [issue] }).steps;
    spoil(taken?.facts);
    expect(landed(taken?.after as World)).toMatchObject({ bytes: Uint8Array.of(1, 2) });
  });

  it("[LB10] the worlds of an added input are frozen, and no history goes on from them", () => {
    const history = historyOf(withMemory);
    const step = history.add(issue);
    const { before, after } = step;
    for (const part of [step, before, after, before.guests, after.guests]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => Object.assign(after, { seq: 77 })).toThrow(TypeError);
    expect(history.last).toBe(after.seq);
    const first = after.seq + 1;
    expect(fold(after, complete).world.seq).toBe(history.add(complete).after.seq);
    expect(history.ask({ ask: "event", event: { kind: "event", seq: first } })).toBeDefined();
  });

  it("[LB10] bytes have one name in every event", () => {
    const tables = Object.entries({ ...inputs, ...facts });
    const names = tables.flatMap(([, table]) =>
      Object.entries<AnyField>(table).flatMap(([name, { kind }]) =>
        kind?.is === "bytes" ? [name] : [],
      ),
    );
    expect(new Set(names)).toEqual(new Set(["bytes"]));
  });

  it("[LB10] whatever is changed of it, later facts and worlds are the same", () => {
    let spoilt = 0;
    const property = fc.property(anyProgram, ({ setup: other, inputs: asked }) => {
      const possible = asked.filter((input) => impossible(input) === undefined);
      const [kept, spoiling] = [createWorld(other), createWorld(other)];
      const expected = [...steps(kept, possible)].map(({ facts: told }) => structuredClone(told));
      const found = [...steps(kept, possible)].at(-1)?.after as World;
      let world = spoiling;
      let index = 0;
      for (const step of steps(spoiling, possible)) {
        expect(step.facts).toEqual(expected[index]);
        index += 1;
        spoilt += spoil(step.input) + spoil(step.facts);
        world = step.after;
      }
      expect(stateHash(world)).toBe(stateHash(found));
    });
    fc.assert(property, { numRuns: 20 });
    expect(spoilt).toBeGreaterThan(100);
  });

  it("[LB10] nothing of a fact that a world evolved over is kept", () => {
    const property = fc.property(fc.array(anyFact, { minLength: 20 }), (told) => {
      const own = told.map((fact) => ({ ...fact, guest: 0 }));
      const evolved = () => own.reduce<World>((world, fact) => evolve(world, fact), start);
      const [before, world] = [stateHash(evolved()), evolved()];
      spoil(own);
      expect(stateHash(world)).toBe(before);
    });
    fc.assert(property, { numRuns: 50 });
  });
});
