import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { impossible } from "../events/input-check.ts";
import { encodeFact, parseEvent } from "../events/log/log.ts";
import { registerMap } from "../events/registers/register.ts";
import { changesBetween } from "../history/changes.ts";
import { summarise } from "../history/summary.ts";
import { devicesOf } from "../projections/device/devices.ts";
import { stateHash } from "../projections/digest.ts";
import type { World } from "../projections/world.ts";
import { anyFact, anyInput } from "../properties/arbitrary/event.ts";
import { anyProgram } from "../properties/world/program.ts";
import { createWorld, evolve, fold, steps, translate } from "./check.ts";
import { afterStrange, errorOf, start } from "./test/junk.ts";

/** Any fact about the first guest; of its fault records mostly the first, which every unit has. */
const anyOwnFact = anyFact.map((fact): Fact => {
  if (!("index" in fact) || fact.index === undefined) return { ...fact, guest: 0 };
  return { ...fact, guest: 0, index: fact.index % 2 };
});

/** Asks a world all that can be asked of it, and goes on a little. */
function askAll(world: World, before: World): void {
  for (const [index, guest] of world.guests.entries()) {
    const read = (offset: number, size: number): Input => ({
      ...{ type: "RegisterRead", guest: index, offset, size },
    });
    for (const { offset, bytes } of registerMap(guest.profile).specs) {
      for (let at = 0; at < bytes; at += 8) fold(world, read(offset + at, Math.min(bytes, 8)));
    }
    summarise(guest);
    for (const one of devicesOf(guest)) {
      for (const iova of [0n, 0x1000n, 0xfee0_0000n, (1n << 64n) - 1n]) {
        translate(world, { guest: index, device: one.source, iova: iova as never });
      }
      fold(world, { type: "DeviceTlbAnswer", guest: index, device: one.source, result: "done" });
    }
    fold(world, { type: "InvalidationTimeout", guest: index });
    const { facts: told } = fold(world, { type: "UnitSave", guest: index });
    for (const fact of told) {
      if (fact.type !== "UnitSaved") continue;
      fold(world, { type: "UnitRestore", guest: index, record: fact.record });
    }
  }
  changesBetween(before, world);
  stateHash(world);
}

describe("a world after any events", () => {
  it("[LB12] that took facts in any order can be asked all that a world can be asked", () => {
    const events = fc.array(fc.oneof(anyOwnFact, anyOwnFact, anyInput), {
      minLength: 5,
      maxLength: 60,
    });
    const property = fc.property(anyProgram, events, ({ setup, inputs }, strange) => {
      const before = createWorld(setup);
      let world = before;
      const possible = inputs.slice(0, 60).filter((input) => impossible(input) === undefined);
      for (const { after } of steps(before, possible)) world = after;
      world = afterStrange(world, strange);
      askAll(world, before);
    });
    fc.assert(property, { numRuns: 60, endOnFailure: true });
  });

  it("[LB12] that took one fact of each type can be asked all", () => {
    const property = fc.property(anyOwnFact, (fact) => {
      askAll(evolve(start, fact), start);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it("[LB12] a record's page is one: the fact and its line are refused else", () => {
    const fact = {
      ...{ type: "FaultRecorded", index: 0, source: 0x20, reason: 5, access: "read" },
      page: 0x1008n,
    } as never;
    const expected = "page: expected page-aligned IOVA";
    expect(errorOf(() => evolve(start, fact))?.message).toBe(
      `FaultRecorded: ${expected} as a bigint, found 4104n`,
    );
    const line = encodeFact(2, 1, fact);
    expect(() => parseEvent(line, 7)).toThrow(`line 7: FaultRecorded: ${expected}`);
  });
});
