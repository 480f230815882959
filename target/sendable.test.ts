import { describe, expect, it } from "vitest";
import type { InputOf } from "../events/input.ts";
import { profiles } from "../events/profile/profiles.ts";
import { at } from "../events/registers/offset.ts";
import { sendableInputs } from "./sendable.ts";

const unit = profiles["everything-scalable"];
const all = (1n << 64n) - 1n;

/** What a target is given of a write of ones. */
function given(offset: number, size: 4 | 8): bigint {
  const value = BigInt.asUintN(size * 8, all);
  const write: InputOf<"RegisterWrite"> = { type: "RegisterWrite", offset, size, value };
  const [found] = sendableInputs(unit, [write], new Set());
  return found?.type === "RegisterWrite" ? found.value : -1n;
}

describe("what a target is given", () => {
  const beyond = all ^ ((1n << BigInt(unit.haw)) - 1n);
  it.each([
    ["RTADDR", at.rtaddr],
    ["IQA", at.iqa],
    ["IRTA", at.irta],
    ["PQA", at.pqa],
  ] as const)("[TG19] %s has no bit that hardware need not have", (_, offset) => {
    expect(given(offset, 8) & beyond).toBe(0n);
    expect(given(offset, 8) & ~beyond).not.toBe(0n);
    expect(given(offset, 4)).toBe(0xffff_ffffn);
    expect(given(offset + 4, 4)).toBe((all ^ beyond) >> 32n);
  });

  it("[TG19] other registers are written with every bit", () => {
    expect(given(at.iqt, 8)).toBe(all);
    expect(given(at.ccmd + 4, 4)).toBe(0xffff_ffffn);
  });
});
