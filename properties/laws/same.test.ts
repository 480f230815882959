import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameValue } from "./same.ts";

const leaf = fc.oneof(
  fc.constantFrom(0, -0, 1, 0n, 1n, "", "a", true, undefined, null, Number.NaN),
  fc.uint8Array({ maxLength: 2 }),
);

/** Values of the model's kinds, of so few parts that two are often the same. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b"), tie("value"), { noNullPrototype: true }),
    fc.array(fc.nat(2), { maxLength: 2 }).map((items) => new Set(items.toSorted())),
  ),
}));

describe("comparing parts", () => {
  it("[LO5] two values are the same if and only if each part of them is", () => {
    let same = 0;
    const property = fc.property(value, value, (a, b) => {
      const wanted = isDeepStrictEqual(a, b);
      const known = new Map();
      expect(sameValue(a, b)).toBe(wanted);
      expect(sameValue([a, b, a], [a, a, b], known)).toBe(wanted);
      expect(sameValue([a, b, a], [a, a, b], known)).toBe(wanted);
      expect(sameValue({ a, b }, { a: structuredClone(a), b: structuredClone(b) }, known)).toBe(
        true,
      );
      expect(sameValue(a, structuredClone(a), known)).toBe(true);
      expect(sameValue(a, b, known)).toBe(wanted);
      if (wanted && typeof a === "object") same += 1;
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(same).toBeGreaterThan(20);
  });

  it("[LO5] what a value holds in many places is looked at once", () => {
    const web = (depth: number) => {
      let node: readonly unknown[] = [depth];
      for (let level = 0; level < depth; level++) node = [node, node];
      return node;
    };
    expect(sameValue(web(60), web(60))).toBe(true);
    expect(sameValue(web(60), web(61))).toBe(false);
  });
});
