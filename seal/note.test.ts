import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCheckpoint } from "./checkpoint.ts";
import { ed25519Sign, ed25519Verify } from "./ed25519.ts";
import {
  encodePrivateKey,
  encodePublicKey,
  makeKey,
  parsePrivateKey,
  parsePublicKey,
} from "./key.ts";
import { encodeNote, parseNote, textOf } from "./note.ts";
import { SealFormatError } from "./seal-error.ts";
import { isSignedBy } from "./signature.ts";

/** The note of C2SP signed-note that its key is given for. */
const c2spKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const c2spNote = `This is an example message.

\u2014 example.com/foo ${[
  "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E",
  "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=",
].join("")}
`;

/** The checkpoint of C2SP tlog-cosignature, with a cosignature. */
const c2spCheckpoint = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa ${[
  "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5",
  "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=",
].join("")}
\u2014 witness.example.com/w1 ${[
  "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZC",
  "B9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
].join("")}
`;

/** Keys and signature of the documentation of Go's golang.org/x/mod/sumdb/note. */
const goSeed = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const goKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const goSignature =
  "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
const goText =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";

describe("published vectors", () => {
  test("[TE6] the note of C2SP signed-note is that of its key", () => {
    const key = parsePublicKey(c2spKey);
    const { text, signatures } = parseNote(c2spNote);
    const [{ name, id, signature } = { name: "", id: 0, signature: Buffer.of() }] = signatures;
    expect([text, name, id]).toEqual(["This is an example message.\n", key.name, key.id]);
    expect(ed25519Verify(key.material, Buffer.from(text), signature)).toBe(true);
    expect(ed25519Verify(key.material, Buffer.from(`${text}x`), signature)).toBe(false);
    expect(encodePublicKey(key)).toBe(c2spKey);
    expect(encodeNote(parseNote(c2spNote))).toBe(c2spNote);
  });

  test("[TE6] keys in Go's form are read, and sign what Go's signs", () => {
    const { publicKey, seed } = parsePrivateKey(goSeed);
    expect([encodePublicKey(publicKey), encodePrivateKey({ publicKey, seed })]).toEqual([
      goKey,
      goSeed,
    ]);
    const signature = ed25519Sign(seed, Buffer.from(goText));
    expect(Buffer.from(goSignature, "base64").subarray(4)).toEqual(signature);
  });

  test("[TE7] the checkpoint of C2SP is read with its cosignature", () => {
    const { origin, size, root, extensions, note } = parseCheckpoint(c2spCheckpoint);
    expect([origin, size, root.length]).toEqual(["example.com/behind-the-sofa", 20_852_163, 32]);
    expect([extensions, note.signatures.map(({ name }) => name)]).toEqual([
      [],
      [origin, "witness.example.com/w1"],
    ]);
  });
});

const body = "example.com/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const line = goSignature;
const noted = (text: string): string => `${text}\n\u2014 log ${line}\n`;

describe("bad input", () => {
  test.each([
    ["text without signatures", body],
    ["no line end", noted(body).slice(0, -1)],
    ["a line that is no signature", `${noted(body)}-- log ${line}\n`],
    ["two spaces", noted(body).replace(" log ", "  log ")],
    ["a plus in the name", noted(body).replace(" log ", " l+og ")],
    ["base64 without padding", noted(body).replace("=\n\n", "=\n\n").replace(/=\n$/, "\n")],
    ["base64 with bits too many", noted(body).replace(/M=\n$/, "N=\n")],
    ["a signature of four bytes", `${body}\n\u2014 log x08gow==\n`],
    ["too many signatures", `${noted(body)}${`\u2014 log ${line}\n`.repeat(100)}`],
  ])("[TE6] a note with %s is refused", (_, text) => {
    expect(() => parseNote(text)).toThrow(SealFormatError);
  });

  test("[TE6] what is no text is refused before it is read", () => {
    expect(() => textOf(Buffer.from("a\rb\n"), "text")).toThrow("control characters");
    expect(() => textOf(Buffer.of(0xff), "text")).toThrow("not UTF-8");
    expect(() => textOf(Buffer.alloc(1_000_001, "a"), "text")).toThrow("1,000,000");
  });

  test.each([
    ["two lines", "log\n5\n"],
    ["an empty origin", body.replace("example.com/log", "")],
    ["a size with a zero before it", body.replace("\n5", "\n05")],
    ["a size with a sign", body.replace("\n5", "\n+5")],
    ["a size that no count here holds", body.replace("\n5", "\n9007199254740992")],
    ["a root of 31 bytes", body.replace(/Cs.*=/, Buffer.alloc(31).toString("base64"))],
  ])("[TE7] a checkpoint with %s is refused", (_, text) => {
    expect(() => parseCheckpoint(noted(text))).toThrow(SealFormatError);
  });

  test.each([
    ["a private key", goSeed],
    ["another name", goKey.replace("Peter", "Petra")],
    ["an id of capitals", goKey.replace("c74f20a3", "C74F20A3")],
    ["no id", "PeterNeumann+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
    ["an unknown kind", goKey.replace("+ARpc", "+CRpc")],
    ["a byte too few", goKey.replace("10TW", "1w==")],
    ["a space", `${goKey} `],
    ["nothing", ""],
  ])("[TE8] as a public key, one with %s is refused", (_, text) => {
    expect(() => parsePublicKey(text)).toThrow(SealFormatError);
  });

  test("[TE8] as a private key, a public one, a changed one or a bad name is refused", () => {
    for (const text of [goKey, goSeed.replace("c74f", "c74e"), goSeed.replace("AYEK", "AYEL")]) {
      expect(() => parsePrivateKey(text)).toThrow(SealFormatError);
    }
    for (const name of ["", "a b", "a+b", "a\u00a0b", "a\u0085b"]) {
      expect(() => makeKey(name, "ed25519")).toThrow(SealFormatError);
    }
  });
});

describe("laws", () => {
  test("[TE9] a signed checkpoint of which any bit differs is another or none", () => {
    const key = makeKey("example.com/log", "ed25519", Buffer.alloc(32, 7));
    const made = ed25519Sign(key.seed, Buffer.from(body));
    const { name, id } = key.publicKey;
    const bytes = Buffer.from(
      encodeNote({ text: body, signatures: [{ name, id, signature: made }] }),
    );
    const stillHolds = (changed: Buffer): boolean => {
      try {
        const { note, ...checkpoint } = parseCheckpoint(textOf(changed, "note"));
        const [found] = note.signatures.filter((each) => each.name === name && each.id === id);
        const signed = { ...checkpoint, text: note.text };
        return found !== undefined && isSignedBy(key.publicKey, signed, found.signature);
      } catch (error) {
        if (error instanceof SealFormatError) return false;
        throw error;
      }
    };
    expect(stillHolds(bytes)).toBe(true);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(stillHolds(changed)).toBe(false);
    }
    const cuts = fc.property(fc.nat(bytes.length - 1), fc.nat(9), (at, count) => {
      expect(stillHolds(bytes.subarray(0, at))).toBe(false);
      const more = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + count)]);
      expect(stillHolds(more)).toBe(false);
    });
    fc.assert(cuts, { numRuns: 500 });
  });
});
