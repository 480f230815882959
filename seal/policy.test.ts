import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { describe, expect, test } from "vitest";
import type { TreeHead } from "./check-proof.ts";
import { checkpointText, parseCheckpoint } from "./checkpoint.ts";
import type { KeyKind, PrivateKey } from "./key.ts";
import { encodePrivateKey, encodePublicKey, makeKey, parsePrivateKey } from "./key.ts";
import { encodeNote } from "./note.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import { parsePolicy } from "./policy-file.ts";
import { SealFormatError, SealRefused } from "./seal-error.ts";
import { isSignedBy, signCheckpoint } from "./signature.ts";
import { digestOf } from "./tree-hash.ts";

const keyOf = (name: string, kind: KeyKind): PrivateKey =>
  makeKey(name, kind, Buffer.from(digestOf(Buffer.from(name))));

const log = keyOf("example.com/log", "ed25519");
const other = keyOf("example.com/other", "ed25519");
const pq = keyOf("example.com/pq", "mlDsa44Cosignature");
const witnesses = ["w1", "w2", "w3"].map((name) => keyOf(name, "ed25519Cosignature"));
const [w1 = log, w2 = log, w3 = log] = witnesses;

const head: TreeHead = { size: 5, root: digestOf(Buffer.from("root")) };
const time = 1_700_000_000n;

/** A checkpoint with those signatures. */
function noted(keys: readonly PrivateKey[], origin = "example.com/log", extension = ""): string {
  const text = `${checkpointText({ origin, ...head })}${extension}`;
  const signatures = keys.flatMap(
    (key) => signCheckpoint(key, { origin, ...head, text }, time) ?? [],
  );
  return encodeNote({ text, signatures });
}

const vkey = (key: PrivateKey): string => encodePublicKey(key.publicKey);
const policyOf = (...lines: readonly string[]) => parsePolicy(Buffer.from(lines.join("\n")));

const two = policyOf(
  "# two of three, and the log of its name",
  `log ${vkey(log)} https://example.com/log`,
  ...witnesses.map((key, index) => `\twitness W${index.toString()} ${vkey(key)}  `),
  "group some 2 W0 W1 W2",
  "quorum some",
);

function refusalOf(act: () => void): string {
  try {
    act();
    return "none";
  } catch (error) {
    if (error instanceof SealRefused) return error.refusal;
    throw error;
  }
}

const opened = (note: string, policy = two): string =>
  refusalOf(() => openCheckpoint(parseCheckpoint(note), policy));

describe("policies", () => {
  test("[TE10] a quorum is asked for, and unknown signatures count for nothing", () => {
    expect(opened(noted([log, w1, w2]))).toBe("none");
    expect(opened(noted([log, other, w3, pq, w1]))).toBe("none");
    expect(opened(noted([log, w1]))).toBe("too few witnesses");
    expect(opened(noted([log, w1, w1]))).toBe("too few witnesses");
    expect(opened(noted([w1, w2, w3]))).toBe("wrong key");
    expect(opened(noted([other, w1, w2]))).toBe("wrong key");
    expect(opened(noted([log, w1, w2], "example.com/other"))).toBe("wrong origin");
    const { logs, witnesses: seen } = openCheckpoint(parseCheckpoint(noted([log, w1, w3])), two);
    expect([...logs, ...seen].map(({ name }) => name)).toEqual(["example.com/log", "w1", "w3"]);
  });

  test("[TE10] a signature of a known key that is wrong is refused, however many are right", () => {
    const lines = noted([log, w1, w2, w3]).split("\n");
    const later = noted([w3], "example.com/other").split("\n").at(-2) ?? "";
    const wrong = lines.with(lines.length - 2, later).join("\n");
    expect(opened(wrong)).toBe("wrong signature");
  });

  test("[TE10] any, all and groups of groups say how many", () => {
    const known = witnesses.map((key, index) => `witness W${index.toString()} ${vkey(key)}`);
    const rest = [`log ${vkey(log)}`, ...known];
    const any = policyOf(...rest, "group a any W0 W1", "group b all a W2", "quorum b");
    expect(opened(noted([log, w1, w3]), any)).toBe("none");
    expect(opened(noted([log, w1, w2]), any)).toBe("too few witnesses");
    expect(opened(noted([log, w3]), any)).toBe("too few witnesses");
    expect(opened(noted([log]), policyOf(...rest, "quorum none"))).toBe("none");
    expect(opened(noted([log, w2]), policyOf(...rest, "quorum W1"))).toBe("none");
    expect(opened(noted([log, w1]), policyOf(...rest, "quorum W1"))).toBe("too few witnesses");
  });

  const witness = `witness W ${vkey(w1)}`;
  test.each([
    ["no quorum", [witness]],
    ["two quorums", [witness, "quorum W", "quorum none"]],
    ["a name that comes later", ["quorum W", witness]],
    ["an unknown line", ["signer W"]],
    ["a name of objects", ["constructor"]],
    ["a log's key for a witness", [`witness W ${vkey(log)}`, "quorum W"]],
    ["a witness's key for a log", [`log ${vkey(w1)}`, "quorum none"]],
    ["a key twice", [witness, `witness V ${vkey(keyOf("w1", "ed25519Cosignature"))}`, "quorum W"]],
    ["a name twice", [witness, `witness W ${vkey(w2)}`, "quorum W"]],
    ["a witness of the name none", [`witness none ${vkey(w2)}`, "quorum none"]],
    ["a threshold of 0", [witness, "group G 0 W", "quorum G"]],
    ["a threshold above", [witness, "group G 2 W", "quorum G"]],
    ["a threshold in words", [witness, "group G most W", "quorum G"]],
    ["an empty group", [witness, "group G all", "quorum G"]],
    ["a member twice", [witness, "group G 1 W W", "quorum G"]],
    ["a member of two groups", [witness, "group G 1 W", "group H 1 W", "quorum H"]],
    ["words too many", [witness, "quorum W W"]],
    ["a control character", [witness, "quorum W\r"]],
  ])("[TE11] a policy with %s is refused", (_, lines) => {
    expect(() => policyOf(...lines)).toThrow(SealFormatError);
  });

  test("[TE11] names are octets: what looks alike is another name", () => {
    expect(() => policyOf(`witness K ${vkey(w1)}`, "quorum \u212a")).toThrow("line 2");
  });
});

describe("ML-DSA-44", () => {
  const text = checkpointText({ origin: "example.com/log", ...head });
  const signed = { origin: "example.com/log", ...head, text };

  test("[TE12] signs the message of C2SP tlog-cosignature, and reads its own key", () => {
    const made = signCheckpoint(pq, signed, time)?.signature ?? Buffer.of();
    const count = (value: bigint): Buffer =>
      Buffer.from(value.toString(16).padStart(16, "0"), "hex");
    const name = (of: string): Buffer => Buffer.from(`${String.fromCharCode(of.length)}${of}`);
    const message = Buffer.concat([
      Buffer.from("subtree/v1\n\0"),
      name("example.com/pq"),
      count(time),
      name("example.com/log"),
      count(0n),
      count(5n),
      head.root,
    ]);
    const { material } = pq.publicKey;
    expect([made.length, Buffer.from(made).readBigUInt64BE(0)]).toEqual([8 + 2420, time]);
    const signature = Uint8Array.from(made.subarray(8));
    expect(ml_dsa44.verify(signature, message, Uint8Array.from(material))).toBe(true);
    expect(isSignedBy(pq.publicKey, signed, made)).toBe(true);
    expect(parsePrivateKey(encodePrivateKey(pq)).publicKey).toEqual(pq.publicKey);
  });

  test("[TE12] is refused where anything differs, and says nothing of other lines", () => {
    const made = signCheckpoint(pq, signed, time)?.signature ?? Buffer.of();
    for (const at of [0, 7, 8, 1000, made.length - 1]) {
      const changed = Buffer.from(made);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(isSignedBy(pq.publicKey, signed, changed)).toBe(false);
    }
    expect(isSignedBy(pq.publicKey, { ...signed, size: 6 }, made)).toBe(false);
    expect(isSignedBy(pq.publicKey, { ...signed, text: `${text}more\n` }, made)).toBe(false);
    expect(isSignedBy(pq.publicKey, signed, made.subarray(0, 8))).toBe(false);
    expect(isSignedBy(pq.publicKey, signed, made.subarray(0, -1))).toBe(false);
    const long = { ...signed, origin: "x".repeat(256) };
    const longText = { ...long, text: checkpointText(long) };
    expect(signCheckpoint(pq, longText)).toBeUndefined();
    const policy = policyOf(`log ${vkey(pq)}`, "quorum none");
    expect(opened(noted([pq], "example.com/pq"), policy)).toBe("none");
    expect(opened(noted([log, pq], "example.com/pq", "more\n"), policy)).toBe("wrong key");
  });

  test("[TE12] a cosignature says when, and no time is beyond 2^63 - 1", () => {
    const made = signCheckpoint(w1, signed, time)?.signature ?? Buffer.of();
    expect(isSignedBy(w1.publicKey, signed, made)).toBe(true);
    const later = Buffer.from(made);
    later.writeBigUInt64BE(time + 1n);
    expect(isSignedBy(w1.publicKey, signed, later)).toBe(false);
    const last = signCheckpoint(w1, signed, (1n << 63n) - 1n)?.signature ?? Buffer.of();
    expect(isSignedBy(w1.publicKey, signed, last)).toBe(true);
    const beyond = signCheckpoint(w1, signed, 1n << 63n)?.signature ?? Buffer.of();
    expect(isSignedBy(w1.publicKey, signed, beyond)).toBe(false);
  });
});
