import { SealRefused } from "./seal-error.ts";
import type { Hash } from "./tree-hash.ts";
import { emptyRoot, nodeHash, sameBytes, splitOf } from "./tree-hash.ts";

/** The root of a tree, and how many entries it has. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

const degenerate = (why: string): SealRefused => new SealRefused("degenerate proof", why);

/** The last hash of a proof and those before it. */
function taken(path: readonly Hash[]): readonly [Hash, readonly Hash[]] {
  const last = path.at(-1);
  if (last === undefined) throw degenerate("it has too few hashes");
  return [last, path.slice(0, -1)];
}

function checkSpent(path: readonly Hash[]): void {
  if (path.length > 0) throw degenerate("it has too many hashes");
}

function rootAbove(leaf: Hash, index: number, size: number, path: readonly Hash[]): Hash {
  if (size === 1) {
    checkSpent(path);
    return leaf;
  }
  const split = splitOf(size);
  const [beside, below] = taken(path);
  return index < split
    ? nodeHash(rootAbove(leaf, index, split, below), beside)
    : nodeHash(beside, rootAbove(leaf, index - split, size - split, below));
}

/**
 * Checks that a tree has a leaf at `index`. RFC 6962, section 2.1.1.
 *
 * @throws SealRefused when the proof is of another shape than the tree, or leads elsewhere.
 */
export function checkInclusion(
  leaf: Hash,
  index: number,
  { size, root }: TreeHead,
  path: readonly Hash[],
): void {
  if (index >= size) {
    throw degenerate(`entry ${index.toString()} of a tree of ${size.toString()} entries`);
  }
  if (sameBytes(rootAbove(leaf, index, size, path), root)) return;
  throw new SealRefused("wrong proof", "it does not lead from the entry to the root");
}

type Roots = readonly [before: Hash, after: Hash];

/** The roots that a proof comes to, before and after; `known` where the old tree is the whole. */
function rootsOf(old: number, size: number, path: readonly Hash[], known: Hash | undefined): Roots {
  if (old === size) {
    const [same, rest] = known === undefined ? taken(path) : [known, path];
    checkSpent(rest);
    return [same, same];
  }
  const split = splitOf(size);
  const [beside, below] = taken(path);
  if (old <= split) {
    const [before, after] = rootsOf(old, split, below, known);
    return [before, nodeHash(after, beside)];
  }
  const [before, after] = rootsOf(old - split, size - split, below, undefined);
  return [nodeHash(beside, before), nodeHash(beside, after)];
}

/**
 * Checks that a tree begins with the entries of an older one. RFC 6962, section 2.1.2.
 *
 * @throws SealRefused by name: roll-back where it is smaller, fork where it has other entries.
 */
export function checkConsistency(old: TreeHead, now: TreeHead, path: readonly Hash[]): void {
  const [before, after] = [old.size.toString(), now.size.toString()];
  if (now.size < old.size) {
    throw new SealRefused("roll-back", `${after} entries where ${before} were known`);
  }
  if (old.size === 0) {
    checkSpent(path);
    if (sameBytes(old.root, emptyRoot())) return;
    throw degenerate("an empty tree with a root of its own");
  }
  const [was, is] = rootsOf(old.size, now.size, path, old.root);
  if (old.size === now.size && !sameBytes(old.root, now.root)) {
    throw new SealRefused("fork", `two trees of ${after} entries with different roots`);
  }
  if (sameBytes(was, old.root) && sameBytes(is, now.root)) return;
  throw new SealRefused(
    "fork",
    `the proof does not lead from the tree of ${before} entries to that of ${after}`,
  );
}
