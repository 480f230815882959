import { describe, expect, it } from "vitest";
import type { Digest } from "./canonical/digest.ts";
import { newDigest } from "./canonical/digest.ts";
import { namesOf } from "./canonical/names.ts";
import { renamingsOf } from "./canonical/renaming.ts";
import { newContents, newRows } from "./canonical/sums.ts";
import { visitedBytes, visitedIn } from "./engine/visited.ts";

/** What a digest was told since the last time. */
function taken(digest: Digest): readonly number[] {
  const sums = new Uint32Array(3);
  digest.take(sums, 0);
  return [...sums];
}

describe("a digest", () => {
  it("[EX8] adds records up in any order, and tells their fields and kinds apart", () => {
    const digest = newDigest();
    const told = (...records: readonly (readonly number[])[]) => {
      for (const [kind = 0, ...fields] of records) {
        digest.begin(kind);
        for (const value of fields) digest.field(value);
        digest.end();
      }
      return taken(digest).join();
    };
    expect(told([1, 2, 3], [4, 5])).toBe(told([4, 5], [1, 2, 3]));
    const all = [[], [[1]], [[2]], [[1, 0]], [[1, 1]], [[1, 0, 1]], [[1, 1, 0]], [[1, -1]]];
    const wide = [
      [[1, 2 ** 32]],
      [[1, 2 ** 33]],
      [
        [1, 1],
        [1, 1],
      ],
      [[1, 2 ** 32 + 1]],
    ];
    const seen = [...all, ...wide].map((records) => told(...records));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("[EX8] gives 50,000 records as many sums, in each of three parts nearly", () => {
    const digest = newDigest();
    const parts = [new Set<number>(), new Set<number>(), new Set<number>()];
    const count = 50_000;
    for (let value = 0; value < count; value++) {
      digest.begin(1);
      digest.field(value >> 9);
      digest.field(value & 511);
      digest.end();
      for (const [index, sum] of taken(digest).entries()) parts[index]?.add(sum);
    }
    // Of so many numbers of 32 bits drawn at random hardly one is there twice.
    for (const part of parts) expect(part.size).toBeGreaterThan(count - 10);
  });
});

describe("what a search keeps", () => {
  it("[EX9] a fingerprint is new once, whatever its words, and however full the table is", () => {
    const visited = visitedIn(new ArrayBuffer(visitedBytes(12)));
    // Among them every one of which all words but one are 0, as those of a free slot are.
    const wanted = [1, 2, 3, 2 ** 32 - 1].flatMap(
      (word) =>
        [
          [word, 0, 0],
          [0, word, 0],
          [0, 0, word],
        ] as [number, number, number][],
    );
    for (const words of wanted) {
      expect(visited.has(...words)).toBe(false);
      expect(visited.add(...words)).toBe(true);
    }
    for (const words of wanted) {
      expect([visited.has(...words), visited.add(...words)]).toEqual([true, false]);
    }
    expect(visited.has(7, 7, 7)).toBe(false);
    expect(visited.size()).toBe(12);
  });

  it("[EX9] contents have one row each, with their sums under every renaming", () => {
    const all = renamingsOf([{ iova: [1, 2] }]).map(namesOf);
    const rows = newRows(all);
    const contents = newContents(rows);
    const rowOf = (...pages: readonly number[]) =>
      contents.rowOf((to, names) => {
        for (const page of pages) {
          to.begin(1);
          to.field(names.iova(page));
          to.end();
        }
      });
    const sumsOf = (row: number) => [...rows.numbers.subarray(row * 6, row * 6 + 6)];
    expect(rowOf()).toBe(0);
    const some = Array.from({ length: 500 }, (_, page) => rowOf(page));
    expect(some).toEqual(Array.from({ length: 500 }, (_, page) => page + 1));
    expect(Array.from({ length: 500 }, (_, page) => rowOf(page))).toEqual(some);
    const [one, two] = [sumsOf(rowOf(1)), sumsOf(rowOf(2))];
    expect(one).toEqual([...two.slice(3), ...two.slice(0, 3)]);
    expect(sumsOf(rowOf(7)).slice(0, 3)).toEqual(sumsOf(rowOf(7)).slice(3));
    expect(rowOf(1, 2)).toBe(rowOf(2, 1));
    expect(sumsOf(0)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
