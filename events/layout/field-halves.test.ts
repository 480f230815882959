import { default as fc } from "fast-check";
import { expect, test } from "vitest";
import { pageIn, pageOf } from "../address.ts";
import { ContextEntry } from "../context/context-entry.ts";
import { ExtendedContextEntry } from "../context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../context/extended-pasid-entry.ts";
import { PasidDirectoryEntry, PasidEntry } from "../context/pasid-entry.ts";
import { RootEntry } from "../context/root-entry.ts";
import { ScalableContextEntry } from "../context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../context/scalable-root-entry.ts";
import { FirstStageEntry } from "../first-stage/first-stage-entry.ts";
import { SecondStageEntry } from "../shadow/second-stage-entry.ts";
import { halvesOfField, maskHalves, numberIn } from "./field-halves.ts";
import type { AnyLayout } from "./layout.ts";
import { bitMask, fieldMask, wide } from "./layout-field.ts";

const layouts: readonly AnyLayout[] = [
  ...[RootEntry, ContextEntry, ScalableRootEntry, ScalableContextEntry],
  ...[ExtendedContextEntry, ExtendedPasidEntry],
  ...[PasidDirectoryEntry, PasidEntry, FirstStageEntry, SecondStageEntry],
];

test("[LAY11] a field read from the halves of its word has the value that decoding gives", () => {
  for (const of of layouts) {
    const words = fc.bigInt({ min: 0n, max: bitMask(of.width - 1, 0) });
    fc.assert(
      fc.property(words, (word) => {
        const halves = maskHalves(word, of.width);
        const decoded = of.decode(word);
        for (const [name, field] of Object.entries(of.fields)) {
          const place = halvesOfField(field);
          const [low = 0, high = 0] = halves.subarray(place.half);
          const bits = BigInt((low & place.mask) >>> 0) | (BigInt(high & place.above) << 32n);
          const inPlace = (word & fieldMask(field)) >> BigInt(place.half * 32);
          expect(BigInt.asUintN(64, bits)).toBe(inPlace);
          if (field.kind === "address") {
            expect(pageIn(low, high, place.above)).toBe(pageOf(decoded[name] as bigint));
          } else if (place.above === 0) {
            expect(numberIn(place, low)).toBe(Number(decoded[name]));
          }
        }
      }),
      { numRuns: 40 },
    );
  }
  expect(() => halvesOfField(wide([95, 31], "three halves"))).toThrow("more than two halves");
});
