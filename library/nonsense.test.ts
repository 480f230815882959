import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { facts } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { inputs } from "../events/input.ts";
import { impossible } from "../events/input-check.ts";
import { anyFact, anyInput } from "../properties/arbitrary/event.ts";
import { anyProgram } from "../properties/world/program.ts";
import { createWorld, decide, evolve, fold, steps } from "./check.ts";
import { afterStrange, anyJunk, dma, errorOf, hostile, nearly, start } from "./test/junk.ts";

describe("what is no event", () => {
  it("[LB3] is the one error, whatever it does when it is looked at", () => {
    for (const [index, value] of hostile.entries()) {
      for (const event of [value, { ...dma, iova: value }, { ...dma, bytes: value }]) {
        expect(
          errorOf(() => fold(start, event as Input)),
          `hostile[${index}]`,
        ).toBeDefined();
      }
    }
  });

  it("[LB3] is the one error, whatever it is", () => {
    const property = fc.property(anyJunk, (junk) => {
      for (const call of [fold, decide, evolve]) {
        expect(errorOf(() => call(start, junk as Input))).toBeDefined();
      }
      expect(errorOf(() => [...steps(start, [dma, junk as Input])])?.message).toMatch(
        /^inputs\[1\]/,
      );
    });
    fc.assert(property, { numRuns: 500 });
  });

  it.each([
    ["an input", anyInput.filter((input) => impossible(input) === undefined), fold],
    ["a fact", anyFact, evolve],
  ] as const)("[LB3] %s with one wrong field names it, or is taken", (_, events, take) => {
    let refused = 0;
    const property = fc.property(nearly(events), ([name, event]) => {
      const error = errorOf(() => take(start, event as Input));
      if (error === undefined) return;
      refused += 1;
      const isWhole = ["goes", "go", "does", "are", "is", "has"].includes(
        error.reason.split(" ")[0] ?? "",
      );
      if (!isWhole) expect(error.field.startsWith(name)).toBe(true);
      expect(error.message).toContain(error.field);
    });
    fc.assert(property, { numRuns: 1000 });
    expect(refused).toBeGreaterThan(300);
  });

  it("[LB3] every event is one as it is", () => {
    const property = fc.property(anyInput, anyFact, (input, fact) => {
      const error = errorOf(() => fold(start, input));
      // A register access beyond the page, or a value that is too wide, no log may say either.
      if (error !== undefined) expect(["offset", "value", "bytes"]).toContain(error.field);
      expect(errorOf(() => evolve(start, fact))).toBeUndefined();
    });
    fc.assert(property, { numRuns: 1000 });
    expect(Object.keys(inputs).filter((type) => Object.hasOwn(facts, type))).toEqual([]);
  });

  it("[LB3] events in any order, inputs folded and facts evolved, throw nothing", () => {
    const events = fc.array(fc.oneof(anyFact, anyInput), { minLength: 20, maxLength: 60 });
    const property = fc.property(anyProgram, events, ({ setup: other, inputs: first }, strange) => {
      let world = createWorld(other);
      const possible = first.slice(0, 40).filter((input) => impossible(input) === undefined);
      for (const { after } of steps(world, possible)) world = after;
      afterStrange(world, strange);
    });
    fc.assert(property, { numRuns: 40 });
  });

  it.each([
    [7, "", "input: expected an object, found 7"],
    [undefined, "", "input: expected an object, found nothing"],
    [{}, "type", "input: type: there is no input nothing"],
    [{ type: "toString" }, "type", 'input: type: there is no input "toString"'],
    [{ type: "UnitWasReset" }, "type", 'input: type: there is no input "UnitWasReset"'],
    [{ ...dma, iova: 0x1008 }, "iova", "Dma: iova: expected IOVA as a bigint, found 4104"],
    [{ ...dma, iova: -1n }, "iova", "Dma: iova: expected IOVA as a bigint, found -1n"],
    [{ ...dma, acess: "read" }, "acess", "Dma: acess: unknown field"],
    [
      { ...dma, access: "execute" },
      "access",
      'Dma: access: expected read | write, found "execute"',
    ],
    [
      { ...dma, device: "00:04.0" },
      "device",
      "Dma: device: expected source-id like 00:04.0, as an integer 0 to 65535, " +
        'found "00:04.0"',
    ],
    [
      { ...dma, observed: { gpa: 7 } },
      "observed.gpa",
      "Dma: observed.gpa: expected GPA as a bigint, found 7",
    ],
    [
      { type: "DmaComplete" },
      "tag",
      "DmaComplete: tag: expected integer 0 to 9007199254740991, found nothing",
    ],
    [
      { type: "MemoryWrite", gpa: 0n, bytes: [1, 2] },
      "bytes",
      "MemoryWrite: bytes: expected Uint8Array of up to 1048576 bytes, found a list",
    ],
    [
      { type: "RegisterWrite", offset: 4095, size: 8, value: 0n },
      "offset",
      "RegisterWrite: offset: goes beyond the register page",
    ],
  ])("[LB3] %o is refused in a line", (value, field, message) => {
    expect(errorOf(() => fold(start, value as Input))).toMatchObject({ field, message });
  });

  it("[LB3] what may not be asked for is refused with a fact, and nothing is thrown", () => {
    const unmap: Input = { type: "P2mUnmap", gpa: dma.iova as never, length: 1n };
    expect(decide(start, unmap).map(({ type }) => type)).toEqual(["InputRefused"]);
    expect(decide(start, { ...dma, guest: 7 })).toMatchObject([
      { type: "InputRefused", why: "there is no guest of that number" },
    ]);
  });
});
