import { expect, test } from "vitest";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { compareSequences } from "./compare.ts";
import { checkJointly } from "./joint-check.ts";
import type { Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

const map = (page: number): Deed => ({ do: "map", page, pages: 1 });
const unmap = (page: number): Deed => ({ do: "unmap", page, pages: 1 });
const invalidate = (words: bigint): Deed => ({ do: "invalidate", words });
const fill: Deed = { do: "fill", source: 8, page: 1, to: 7, did: 4 };
const hit: Deed = { ...fill, do: "hit" };
const [other, flush] = [invalidate(ask.interruptEntry(5)), invalidate(ask.domain(4))];

function judge(...steps: readonly Deed[]) {
  const driver = traceOf("linux", linuxLines(steps)).observations;
  const unit = traceOf("qemu", qemuLines(steps)).observations;
  const { pairs } = compareSequences(sequenceOf(driver), sequenceOf(unit));
  return checkJointly({ driver, unit, pairs }).map(({ kind }) => kind);
}

test("[TC19] a use after the unmapping and before the flush is found", () => {
  expect(judge(map(1), fill, unmap(1), other, hit, flush)).toEqual(["usedAfterUnmap"]);
  expect(judge(map(1), fill, hit, unmap(1), other, flush)).toEqual([]);
  expect(judge(map(1), fill, unmap(1), other, hit, flush, map(1), flush)).toEqual([
    "usedAfterUnmap",
  ]);
});

test("[TC19] a use that may have been before the unmapping is not", () => {
  expect(judge(map(1), fill, other, unmap(1), hit, flush)).toEqual([]);
});

test("[TC19] a use after the IOVA is mapped again is not", () => {
  expect(judge(map(1), fill, unmap(1), flush, map(1), fill, hit, other)).toEqual([]);
});

test("[TC19] an IOVA that two domains have is left out", () => {
  expect(judge(map(1), map(1), fill, unmap(1), other, hit, flush)).toEqual([]);
});
