import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newByteReader, newByteWriter } from "../../history/timeline/byte-writer.ts";
import {
  addInput,
  forkInputs,
  inputAt,
  newInputStore,
} from "../../history/timeline/input-store.ts";
import { packInput, unpackInput } from "../../history/timeline/packed-input.ts";
import { anyInput } from "../arbitrary/event.ts";

describe("packed inputs", () => {
  it("[TT5] an input that was packed is the same input", () => {
    const law = fc.property(anyInput, (input) => {
      const writer = newByteWriter(1);
      packInput(writer, input);
      const reader = newByteReader(writer.bytes.slice(0, writer.length));
      expect(unpackInput(reader)).toEqual(input);
      expect(reader.at).toBe(writer.length);
    });
    fc.assert(law, { seed: 11, numRuns: 2000 });
  });

  it("[TT5] inputs are found by their place, in a store and in one that goes on apart", () => {
    const inputs = fc.sample(anyInput, { seed: 3, numRuns: 700 });
    const store = newInputStore();
    for (const input of inputs) addInput(store, input);
    for (const place of [0, 255, 256, 300, 511, 512, 699, 1]) {
      expect(inputAt(store, place)).toEqual(inputs[place]);
    }
    expect(inputAt(store, 700)).toBeUndefined();
    expect(inputAt(store, -1)).toBeUndefined();
    const fork = forkInputs(store, 300);
    const other = inputs[5] as (typeof inputs)[number];
    addInput(fork, other);
    addInput(store, other);
    expect(fork.count).toBe(301);
    expect(inputAt(fork, 299)).toEqual(inputs[299]);
    expect(inputAt(fork, 300)).toEqual(other);
    expect(inputAt(store, 300)).toEqual(inputs[300]);
    expect(inputAt(store, 700)).toEqual(other);
  });
});
