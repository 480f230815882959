import { expect, it } from "vitest";
import { lookAt, newKept } from "./kept.ts";
import type { Unit } from "./walk.ts";

it("[OR31] a write at the very top of all addresses is looked at, and that ends", () => {
  const unit = {
    read64: () => {
      throw new Error("nobody has read a word there");
    },
  } as unknown as Unit;
  const top = 1n << 64n;
  expect(lookAt(newKept(), unit, top - 128n, top)).toBe(false);
});
