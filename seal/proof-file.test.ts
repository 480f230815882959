import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeBundle, parseBundle } from "./bundle.ts";
import { checkConsistency, checkInclusion } from "./check-proof.ts";
import { checkpointText } from "./checkpoint.ts";
import { lineEntry, readEntry, sealEntry, stateEntry } from "./entry.ts";
import { makeKey } from "./key.ts";
import { encodeNote, textOf } from "./note.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import {
  encodeConsistency,
  encodeInclusion,
  parseConsistency,
  parseInclusion,
} from "./proof-file.ts";
import { SealFormatError, SealRefused } from "./seal-error.ts";
import { signCheckpoint } from "./signature.ts";
import { builtTree, someEntries } from "./test/plain-tree.ts";
import { leafHash } from "./tree-hash.ts";
import { consistencyProof, inclusionProof } from "./tree-proof.ts";

const entries = someEntries(7);
const tree = builtTree(entries);
const key = makeKey("example.com/log", "ed25519", Buffer.alloc(32, 7));
const text = checkpointText({ origin: "example.com/log", ...tree });
const made = signCheckpoint(key, { origin: "example.com/log", ...tree, text });
const note = encodeNote({ text, signatures: made === undefined ? [] : [made] });
const entry = entries[5] ?? Buffer.of();
const path = inclusionProof(tree, 5);
const inclusion = encodeInclusion({ entry, index: 5, path }, note);
const consistency = encodeConsistency(3, consistencyProof(tree, 3), note);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("files", () => {
  test("[TE13] an inclusion proof has the form of C2SP tlog-proof, and is read as written", () => {
    const [first, extra, index, ...rest] = inclusion.split("\n");
    expect([first, extra, index]).toEqual([
      "c2sp.org/tlog-proof@v1",
      `extra ${Buffer.from("entry 5").toString("base64")}`,
      "index 5",
    ]);
    expect(rest.slice(path.length).join("\n")).toBe(`\n${note}`);
    const read = parseInclusion(inclusion);
    expect([Buffer.from(read.entry).toString(), read.index]).toEqual(["entry 5", 5]);
    expect([read.path.map(hex), read.checkpoint.size]).toEqual([path.map(hex), 7]);
  });

  test("[TE13] a consistency proof is what a C2SP witness is asked, and is read as written", () => {
    expect(consistency.startsWith("old 3\n")).toBe(true);
    expect(parseConsistency(consistency).path.map(hex)).toEqual(consistencyProof(tree, 3).map(hex));
    expect(parseConsistency(encodeConsistency(0, [], note)).old).toBe(0);
  });

  test.each([
    ["another version", inclusion.replace("@v1", "@v2")],
    ["no extra data", inclusion.replace(/extra .*\n/, "")],
    ["no index", inclusion.replace(/index .*\n/, "")],
    ["an index with a zero before it", inclusion.replace("index 5", "index 05")],
    ["a hash too short", inclusion.replace(/^(.{43}=)$/m, "AAAA")],
    ["64 hashes", inclusion.replace("index 5\n", `index 5\n${`${"A".repeat(43)}=\n`.repeat(64)}`)],
    ["no checkpoint", inclusion.slice(0, inclusion.indexOf("\n\n"))],
  ])("[TE13] an inclusion proof with %s is refused", (_, wrong) => {
    expect(() => parseInclusion(wrong)).toThrow(SealFormatError);
  });

  test("[TE14] a bundle is its entries with their lengths, and nothing else", () => {
    const bundle = encodeBundle([Buffer.from("ab"), Buffer.of(), Buffer.alloc(65_535, 1)]);
    expect([...bundle.subarray(0, 8)]).toEqual([0, 2, 0x61, 0x62, 0, 0, 0xff, 0xff]);
    expect(parseBundle(bundle, 3).map(({ length }) => length)).toEqual([2, 0, 65_535]);
    for (const wrong of [bundle.subarray(0, -1), Buffer.concat([bundle, Buffer.of(0)])]) {
      expect(() => parseBundle(wrong, 3)).toThrow(SealFormatError);
    }
    expect(() => parseBundle(bundle, 2)).toThrow("3 of them, not 2");
  });

  test("[TE15] an entry says what it is; a line too long is known by its digest", () => {
    const short = "x".repeat(65_535);
    expect(readEntry(sealEntry("1.2.3", 50))).toEqual({ kind: "seal", model: "1.2.3", every: 50 });
    expect(readEntry(stateEntry(7, "ab"))).toEqual({ kind: "state", seq: 7, stateHash: "ab" });
    expect(readEntry(lineEntry(short))).toEqual({ kind: "line", text: short });
    // SHA-256 of 65,536 letters x.
    expect(readEntry(lineEntry(`${short}x`))).toEqual({
      kind: "longLine",
      bytes: 65_536,
      sha256: "1f8745f0d2d1387ec1af2211a3cf417b2e9e885e853472649c1d979d0e9370e3",
    });
    expect(readEntry(Buffer.from('{"seal":2}'))).toEqual({ kind: "line", text: '{"seal":2}' });
    expect(readEntry(Buffer.from('{"state":')).kind).toBe("line");
  });
});

const policy = { logs: [key.publicKey], witnesses: [], quorum: undefined };
const old = builtTree(entries.slice(0, 3));

function holds(check: (proof: string) => void, bytes: Uint8Array): boolean {
  try {
    check(textOf(bytes, "proof"));
    return true;
  } catch (error) {
    if (error instanceof SealFormatError || error instanceof SealRefused) return false;
    throw error;
  }
}

const checks: readonly (readonly [string, string, (proof: string) => void])[] = [
  [
    "inclusion",
    inclusion,
    (proof) => {
      const read = parseInclusion(proof);
      openCheckpoint(read.checkpoint, policy);
      checkInclusion(leafHash(read.entry), read.index, read.checkpoint, read.path);
    },
  ],
  [
    "consistency",
    consistency,
    (proof) => {
      const read = parseConsistency(proof);
      openCheckpoint(read.checkpoint, policy);
      if (read.old !== old.size) throw new SealFormatError("another old size");
      checkConsistency(old, read.checkpoint, read.path);
    },
  ],
];

describe("laws", () => {
  test.each(checks)("[TE16] of a proof of %s nothing can be changed", (_, proof, check) => {
    const bytes = Buffer.from(proof);
    expect(holds(check, bytes)).toBe(true);
    const refused = (changed: Uint8Array): void => expect(holds(check, changed)).toBe(false);
    for (const [at, byte] of bytes.entries()) {
      for (const bit of [1, 1 << (1 + (at % 7))]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte ^ bit;
        refused(changed);
      }
    }
    const law = fc.property(
      fc.nat(bytes.length - 1),
      fc.uint8Array({ maxLength: 9 }),
      (at, more) => {
        refused(bytes.subarray(0, at));
        if (more.length === 0) return;
        refused(Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]));
        refused(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + more.length)]));
      },
    );
    fc.assert(law, { numRuns: 300 });
  });
});
