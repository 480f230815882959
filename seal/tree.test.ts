import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkConsistency, checkInclusion } from "./check-proof.ts";
import { growTree } from "./growing-tree.ts";
import type { RefusalName } from "./seal-error.ts";
import { SealRefused } from "./seal-error.ts";
import { builtTree, ctEntries, plainRoot, someEntries } from "./test/plain-tree.ts";
import { tilePath } from "./tile.ts";
import { leafHash } from "./tree-hash.ts";
import { consistencyProof, inclusionProof } from "./tree-proof.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The name by which something is refused; `undefined` when it is not. */
function refusalOf(act: () => void): RefusalName | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof SealRefused) return error.refusal;
    throw error;
  }
}

/** The roots of the first 0 to 8 of those entries, as transparency-dev/merkle tests them. */
const ctRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const [leaf1, pair, quarter] = [
  "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
  "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
  "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
];
const [leaf4, firstHalf, last] = [
  "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
  "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
  "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
];

describe("published vectors", () => {
  test("[TE1] the roots of the first entries are those of the published vectors", () => {
    const roots = ctRoots.map((_, count) => hex(builtTree(ctEntries.slice(0, count)).root));
    expect(roots).toEqual(ctRoots);
  });

  test.each([
    [0, 1, []],
    [0, 8, [leaf1, pair, quarter]],
    [5, 8, [leaf4, last, firstHalf]],
    [2, 3, ["+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU="]],
    [1, 5, ["bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=", pair, leaf4]],
  ])("[TE1] the proof of entry %i of %i is the published one", (index, size, wanted) => {
    const tree = builtTree(ctEntries.slice(0, size));
    const path = inclusionProof(tree, index);
    expect(path.map(base64)).toEqual(wanted);
    checkInclusion(leafHash(ctEntries[index] ?? Buffer.of()), index, tree, path);
  });

  const six = "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=";
  test.each([
    [1, 1, []],
    [1, 8, [leaf1, pair, quarter]],
    [6, 8, [six, last, firstHalf]],
    [2, 5, [pair, leaf4]],
    [6, 7, [six, "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=", firstHalf]],
  ])("[TE1] the proof from %i to %i entries is the published one", (old, size, wanted) => {
    const tree = builtTree(ctEntries.slice(0, size));
    const path = consistencyProof(tree, old);
    expect(path.map(base64)).toEqual(wanted);
    checkConsistency(builtTree(ctEntries.slice(0, old)), tree, path);
  });
});

describe("tiles", () => {
  test("[TE2] lie where C2SP tlog-tiles has them, none empty, none partial below another", () => {
    const at = (level: number, index: number, width: number): string =>
      tilePath({ level, index, width });
    expect(at(0, 1_234_067, 256)).toBe("tile/0/x001/x234/067");
    expect(at(2, 0, 17)).toBe("tile/2/000.p/17");
    expect(tilePath({ level: "entries", index: 999, width: 1 })).toBe("tile/entries/999.p/1");
    expect([...builtTree(someEntries(256)).tiles.keys()]).toEqual(["tile/0/000", "tile/1/000.p/1"]);
    const paths: string[] = [];
    const tree = growTree((tile) => paths.push(tilePath(tile)));
    for (let index = 0; index < 70_000; index++) tree.add(Buffer.alloc(32));
    tree.finish();
    // The example of C2SP tlog-tiles: 70,000 entries.
    expect(paths.filter((path) => /^tile\/0\/(x\d+\/)*\d{3}$/.test(path))).toHaveLength(273);
    const others = paths.filter((path) => !/^tile\/0\/\d{3}$/.test(path));
    expect(others).toEqual(["tile/1/000", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
  });

  test("[TE2] give the root and the proofs that the entries give", () => {
    for (const size of [1, 2, 3, 7, 255, 256, 257, 511, 700]) {
      const entries = someEntries(size);
      const tree = builtTree(entries);
      expect(hex(tree.root)).toBe(hex(plainRoot(entries)));
      for (const index of [0, 1, 254, 255, 256, size - 1].filter((each) => each < size)) {
        const leaf = leafHash(entries[index] ?? Buffer.of());
        checkInclusion(leaf, index, tree, inclusionProof(tree, index));
      }
      for (const old of [0, 1, 2, 255, 256, 257, size - 1, size].filter((each) => each <= size)) {
        const before = { size: old, root: plainRoot(entries.slice(0, old)) };
        checkConsistency(before, tree, consistencyProof(tree, old));
      }
    }
  });
});

const sizes = fc.integer({ min: 1, max: 40 });
const small = Array.from({ length: 41 }, (_, size) => builtTree(someEntries(size)));
const treeOf = (size: number) => small[size] ?? builtTree(someEntries(size));

/** Paths with one thing about them changed. */
function* altered(path: readonly Uint8Array[], bit: number): Generator<readonly Uint8Array[]> {
  yield [...path, Buffer.alloc(32)];
  yield [Buffer.alloc(32), ...path];
  for (const [place, hash] of path.entries()) {
    const other = Buffer.from(hash);
    const at = Math.floor(bit / 8);
    other[at] = (other[at] ?? 0) ^ (1 << (bit % 8));
    yield path.with(place, other);
    yield path.toSpliced(place, 1);
    yield path.toSpliced(place, 0, hash);
    const next = path[place + 1];
    if (next !== undefined) yield path.with(place, next).with(place + 1, hash);
  }
}

describe("laws", () => {
  test("[TE3] an altered inclusion proof is refused, whatever was altered", () => {
    let tried = 0;
    const law = fc.property(sizes, fc.nat(), fc.nat(255), (size, at, bit) => {
      const [tree, index] = [treeOf(size), at % size];
      const leaf = leafHash(Buffer.from(`entry ${index.toString()}`));
      const path = inclusionProof(tree, index);
      checkInclusion(leaf, index, tree, path);
      const refused = (act: () => void): void => {
        tried += 1;
        expect(["wrong proof", "degenerate proof"]).toContain(refusalOf(act));
      };
      for (const wrong of altered(path, bit)) {
        refused(() => checkInclusion(leaf, index, tree, wrong));
      }
      for (const other of [index ^ 1, index + size, size]) {
        refused(() => checkInclusion(leaf, other, tree, path));
      }
      refused(() => checkInclusion(tree.root, index, { ...tree, root: leaf }, [...path, leaf]));
      refused(() => checkInclusion(leafHash(Buffer.from("other")), index, tree, path));
    });
    fc.assert(law, { numRuns: 300 });
    expect(tried).toBeGreaterThan(3000);
  });

  test("[TE4] an altered consistency proof is refused, whatever was altered", () => {
    let tried = 0;
    const law = fc.property(sizes, fc.nat(), fc.nat(255), (size, at, bit) => {
      const [tree, before] = [treeOf(size), treeOf((at % size) + 1)];
      const path = consistencyProof(tree, before.size);
      checkConsistency(before, tree, path);
      const refused = (act: () => void): void => {
        tried += 1;
        expect(["fork", "degenerate proof"]).toContain(refusalOf(act));
      };
      for (const wrong of altered(path, bit)) {
        refused(() => checkConsistency(before, tree, wrong));
      }
      const other = leafHash(Buffer.from("other"));
      refused(() => checkConsistency({ ...before, root: other }, tree, path));
      refused(() => checkConsistency(before, { ...tree, root: other }, path));
    });
    fc.assert(law, { numRuns: 300 });
    expect(tried).toBeGreaterThan(3000);
  });

  test("[TE5] degenerate proofs, forks and roll-backs have their names", () => {
    const [empty, one, two] = [treeOf(0), treeOf(1), treeOf(2)];
    const fork = { ...two, root: one.root };
    expect(refusalOf(() => checkInclusion(one.root, 0, empty, []))).toBe("degenerate proof");
    expect(refusalOf(() => checkConsistency(empty, two, []))).toBeUndefined();
    expect(refusalOf(() => checkConsistency(empty, two, [one.root]))).toBe("degenerate proof");
    const odd = { size: 0, root: one.root };
    expect(refusalOf(() => checkConsistency(odd, two, []))).toBe("degenerate proof");
    expect(refusalOf(() => checkConsistency(two, one, []))).toBe("roll-back");
    expect(refusalOf(() => checkConsistency(two, two, []))).toBeUndefined();
    expect(refusalOf(() => checkConsistency(two, fork, []))).toBe("fork");
    expect(refusalOf(() => checkConsistency(two, two, [one.root]))).toBe("degenerate proof");
  });
});
