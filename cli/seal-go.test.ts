import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkConsistency, checkInclusion } from "../seal/check-proof.ts";
import { checkpointText, parseCheckpoint } from "../seal/checkpoint.ts";
import { encodePrivateKey, encodePublicKey, makeKey } from "../seal/key.ts";
import { encodeNote } from "../seal/note.ts";
import { openCheckpoint } from "../seal/open-checkpoint.ts";
import { signCheckpoint } from "../seal/signature.ts";
import { builtTree, someEntries } from "../seal/test/plain-tree.ts";
import { leafHash } from "../seal/tree-hash.ts";
import { consistencyProof, inclusionProof } from "../seal/tree-proof.ts";
import { scratch } from "./test/scratch.ts";

/** Where Debian puts Go's packages. */
const packages = "/usr/share/gocode";
const isThere =
  existsSync(join(packages, "src/golang.org/x/mod/sumdb/tlog")) &&
  spawnSync("go", ["version"]).status === 0;
const why = isThere ? "" : " (needs golang-go and golang-golang-x-mod-dev)";

const { folder } = scratch("go", afterAll);
const program = join(folder, "sumdb");

/** What the program prints. */
function go(words: readonly (string | number)[], input = ""): string {
  const { status, stdout, stderr } = spawnSync(program, words.map(String), {
    input,
    encoding: "utf8",
    timeout: 30_000,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const key = makeKey("example.com/log", "ed25519", Buffer.alloc(32, 9));
const sizes = [
  [1, 0, 1],
  [7, 6, 3],
  [256, 255, 255],
  [700, 512, 257],
] as const;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A seal as the program reads it. */
function sealOf(size: number, index: number, old: number): string {
  const entries = someEntries(size);
  const tree = builtTree(entries);
  const text = checkpointText({ origin: "example.com/log", ...tree });
  const made = signCheckpoint(key, { origin: "example.com/log", ...tree, text });
  // Go's tiles have their height in their paths, and widths at the end too.
  const tiles = Object.entries(Object.fromEntries(tree.tiles)).map(([path, bytes]) => [
    path.replace("tile/", "tile/8/"),
    base64(bytes),
  ]);
  return JSON.stringify({
    note: encodeNote({ text, signatures: made === undefined ? [] : [made] }),
    entry: base64(entries[index] ?? Buffer.of()),
    inclusion: inclusionProof(tree, index).map(base64),
    consistency: consistencyProof(tree, old).map(base64),
    oldRoot: base64(builtTree(entries.slice(0, old)).root),
    tiles: Object.fromEntries(tiles),
  });
}

interface Made {
  readonly note: string;
  readonly entry: string;
  readonly inclusion: readonly string[];
  readonly consistency: readonly string[];
  readonly oldRoot: string;
  readonly tiles: Readonly<Record<string, string>>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "base64");

describe.skipIf(!isThere)(`an implementation in Go${why}`, () => {
  beforeAll(() => {
    const source = fileURLToPath(new URL("../seal/test/go/main.go", import.meta.url));
    const env = {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: packages,
      GOCACHE: join(folder, "c"),
    };
    const built = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
    expect(built.stderr).toBe("");
  });

  test.each(sizes)("[TE30] takes our note, tiles and proofs of %i entries", (size, index, old) => {
    const ours = sealOf(size, index, old);
    const words = ["check", encodePublicKey(key.publicKey), size, index, old];
    expect(go(words, ours)).toBe("ok\n");
    expect(() =>
      go(words, ours.replace(base64(Buffer.from(`entry ${index.toString()}`)), "AAAA")),
    ).toThrow();
  });

  test.each(sizes)(
    "[TE30] makes a note, tiles and proofs of %i that we take",
    (size, index, old) => {
      const made = JSON.parse(go(["make", encodePrivateKey(key), size, index, old])) as Made;
      const checkpoint = parseCheckpoint(made.note);
      openCheckpoint(checkpoint, { logs: [key.publicKey], witnesses: [], quorum: undefined });
      checkInclusion(leafHash(bytes(made.entry)), index, checkpoint, made.inclusion.map(bytes));
      const before = { size: old, root: bytes(made.oldRoot) };
      checkConsistency(before, checkpoint, made.consistency.map(bytes));
      const { tiles } = builtTree(someEntries(size));
      const theirs = new Map(Object.entries(made.tiles));
      for (const [path, hashes] of tiles) {
        expect(theirs.get(path.replace("tile/", "tile/8/"))).toBe(base64(hashes));
      }
      expect(theirs.size).toBe(tiles.size);
    },
  );
});
