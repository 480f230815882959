import { expect, test } from "vitest";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { compareSequences } from "./compare.ts";
import type { Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

const steps = (...pages: readonly number[]): readonly Deed[] =>
  pages.map((page) => ({ do: "invalidate", words: ask.pages(4, page) }));
const linux = (...pages: readonly number[]) =>
  sequenceOf(traceOf("linux", linuxLines(steps(...pages))).observations);
const qemu = (...pages: readonly number[]) =>
  sequenceOf(traceOf("qemu", qemuLines(steps(...pages))).observations);

test("[TC15] the same invalidations in the same order are no difference", () => {
  const { counts, common, differences } = compareSequences(qemu(1, 2, 3), linux(1, 2, 3));
  expect([counts, common, differences]).toEqual([[3, 3], 3, []]);
});

test("[TC15] what is missing is named with its place in both", () => {
  expect(compareSequences(qemu(1, 2, 3), linux(1, 3)).differences).toEqual([
    {
      only: 1,
      line: 13,
      place: 2,
      text: "iotlb page of domain 4 0x2000 to 0x2fff",
      before: 4,
      outside: false,
    },
  ]);
});

test("[TC15] the fewest differences are shown, also of what was exchanged", () => {
  const { differences } = compareSequences(linux(1, 2, 3, 4, 5, 6), linux(1, 3, 2, 4, 5, 6));
  expect(differences).toHaveLength(2);
  expect(compareSequences(linux(1, 1, 1, 2), linux(1, 1, 2)).differences).toHaveLength(1);
});

test("[TC15] of several identical ones nobody knows which is missing", () => {
  const { differences, pairs, common } = compareSequences(linux(1, 2, 2, 2, 3), linux(1, 2, 2, 3));
  const [first] = differences;
  expect([differences.length, first?.among?.count, common]).toEqual([1, 3, 4]);
  expect(pairs).toHaveLength(2);
});

test("[TC15] what lies before the first or after the last common one is marked", () => {
  const { differences } = compareSequences(linux(8, 1, 2, 9), linux(1, 2));
  expect(differences.map(({ outside }) => outside)).toEqual([true, true]);
  expect(compareSequences(linux(), linux(1)).differences).toHaveLength(1);
});

test("[TC15] traces that have little in common are compared up to the first difference", () => {
  const pages = (start: number) => Array.from({ length: 900 }, (_, index) => start + index);
  const { given, differences, common } = compareSequences(
    linux(1, ...pages(1000)),
    linux(1, ...pages(5000)),
  );
  expect([given, common, differences.map(({ place }) => place)]).toEqual(["upToLimit", 1, [2]]);
});
