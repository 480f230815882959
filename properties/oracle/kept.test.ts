import { expect, it } from "vitest";
import { lookAt, newKept } from "./kept.ts";
import type { Unit } from "./walk.ts";

it("[OR47] a write far above all memory is looked at, and that ends", () => {
  const unit = {
    read64: () => {
      throw new Error("nobody has read a word there");
    },
  } as unknown as Unit;
  const first = 1n << 57n;
  expect(lookAt(newKept(), unit, first, first + 128n)).toBe(false);
});
