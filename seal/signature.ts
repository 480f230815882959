import type { Checkpoint } from "./checkpoint.ts";
import { checkpointText } from "./checkpoint.ts";
import { ed25519Sign, ed25519Verify } from "./ed25519.ts";
import type { PrivateKey, PublicKey } from "./key.ts";
import { mlDsaSign, mlDsaVerify } from "./ml-dsa.ts";
import type { NoteSignature } from "./note.ts";

/** Bytes of the time before a cosignature. */
const timeBytes = 8;
const latest = (1n << 63n) - 1n;

/** What a key signs: the note's text, and the checkpoint that it says. */
export interface Signed extends Omit<Checkpoint, "extensions"> {
  readonly text: string;
}

const word = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

/** A text with its length before it, in one byte. */
const counted = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
};

/** Whether a name can stand in what ML-DSA-44 signs. */
const fits = (text: string): boolean => Buffer.byteLength(text) <= 255;

/** What a cosignature is of. C2SP tlog-cosignature. */
function cosigned(key: PublicKey, signed: Signed, time: bigint): Buffer | undefined {
  if (key.kind === "ed25519Cosignature") {
    return Buffer.from(`cosignature/v1\ntime ${time.toString()}\n${signed.text}`);
  }
  // Its message has no room for extension lines, so it says nothing of a text that has some.
  const { origin, size, root, text } = signed;
  if (text !== checkpointText(signed) || !fits(origin) || !fits(key.name)) return undefined;
  const names = [counted(key.name), word(time), counted(origin)];
  const tree = [word(0n), word(BigInt(size)), root];
  return Buffer.concat([Buffer.from("subtree/v1\n\0"), ...names, ...tree]);
}

/**
 * Signs a checkpoint.
 *
 * @param time  seconds since 1970 of a cosignature; 0 in one that says nothing of when.
 * @returns `undefined` where origin or name are too long for the kind of key.
 */
export function signCheckpoint(
  { publicKey, seed }: PrivateKey,
  signed: Signed,
  time = 0n,
): NoteSignature | undefined {
  const { name, id, kind } = publicKey;
  if (kind === "ed25519") {
    return { name, id, signature: ed25519Sign(seed, Buffer.from(signed.text)) };
  }
  const message = cosigned(publicKey, signed, time);
  if (message === undefined) return undefined;
  const made =
    kind === "mlDsa44Cosignature" ? mlDsaSign(seed, message) : ed25519Sign(seed, message);
  return { name, id, signature: Buffer.concat([word(time), made]) };
}

/** Whether a signature is of that key over that checkpoint. */
export function isSignedBy(key: PublicKey, signed: Signed, signature: Uint8Array): boolean {
  if (key.kind === "ed25519") {
    return ed25519Verify(key.material, Buffer.from(signed.text), signature);
  }
  if (signature.length <= timeBytes) return false;
  const time = Buffer.from(signature).readBigUInt64BE(0);
  const message = time > latest ? undefined : cosigned(key, signed, time);
  if (message === undefined) return false;
  const made = signature.subarray(timeBytes);
  const verify = key.kind === "mlDsa44Cosignature" ? mlDsaVerify : ed25519Verify;
  return verify(key.material, message, made);
}
