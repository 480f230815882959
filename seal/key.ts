import { randomBytes } from "node:crypto";
import { fromBase64, toBase64 } from "./base64.ts";
import { ed25519PublicKey } from "./ed25519.ts";
import { mlDsaPublicKey } from "./ml-dsa.ts";
import { isKeyName } from "./note.ts";
import { SealFormatError } from "./seal-error.ts";
import { digestOf } from "./tree-hash.ts";

/**
 * What a key makes: a signature of a text, or of a checkpoint with the time at which it was seen to
 * go on from earlier ones. ML-DSA-44 has the second form alone.
 */
export type KeyKind = "ed25519" | "ed25519Cosignature" | "mlDsa44Cosignature";

interface KindRow {
  /** The signature type of C2SP signed-note. */
  readonly type: number;
  readonly publicBytes: number;
  readonly publicKey: (seed: Uint8Array) => Uint8Array;
}

const ed25519 = { publicBytes: 32, publicKey: ed25519PublicKey } as const;

const kinds: Readonly<Record<KeyKind, KindRow>> = {
  ed25519: { type: 0x01, ...ed25519 },
  ed25519Cosignature: { type: 0x04, ...ed25519 },
  mlDsa44Cosignature: { type: 0x06, publicBytes: 1312, publicKey: mlDsaPublicKey },
};

/** A key that checks signatures. */
export interface PublicKey {
  readonly name: string;
  /** The first 32 bits of a hash over name, kind and key. */
  readonly id: number;
  readonly kind: KeyKind;
  readonly material: Uint8Array;
}

/** A key that signs. */
export interface PrivateKey {
  readonly publicKey: PublicKey;
  /** 32 random bytes that everything follows from. */
  readonly seed: Uint8Array;
}

const seedBytes = 32;

function idOf(name: string, type: number, material: Uint8Array): number {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), material]);
  return Buffer.from(digestOf(bytes)).readUInt32BE(0);
}

function publicKeyOf(name: string, kind: KeyKind, material: Uint8Array): PublicKey {
  return { name, kind, material, id: idOf(name, kinds[kind].type, material) };
}

const hexId = (id: number): string => id.toString(16).padStart(8, "0");

/** `NAME+ID`: how a key is called where it is told of. */
export const keyLabel = ({ name, id }: PublicKey): string => `${name}+${hexId(id)}`;

/** The name, id, kind and bytes of the text of a key. */
function partsOf(words: string, what: string): [string, string, KeyKind, Uint8Array] {
  // Base64 may have a plus in it, names and ids have none.
  const [, name = "", id = "", base64 = ""] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(words) ?? [];
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id)) {
    throw new SealFormatError(`${what}: not of the form NAME+ID+KEY`);
  }
  const [type, ...bytes] = fromBase64(base64, what);
  const found = (Object.keys(kinds) as KeyKind[]).find((kind) => kinds[kind].type === type);
  if (found === undefined) throw new SealFormatError(`${what}: of a kind that is not known here`);
  return [name, id, found, Uint8Array.from(bytes)];
}

/** @throws SealFormatError when text is no verifier key of C2SP signed-note. */
export function parsePublicKey(text: string): PublicKey {
  const what = "public key";
  if (text.startsWith("PRIVATE+KEY+")) {
    throw new SealFormatError(`${what}: this is a private key, which nobody else may see`);
  }
  const [name, id, kind, material] = partsOf(text, what);
  const { publicBytes } = kinds[kind];
  if (material.length !== publicBytes) {
    const [is, wanted] = [material.length.toString(), publicBytes.toString()];
    throw new SealFormatError(`${what}: ${is} bytes, one of its kind has ${wanted}`);
  }
  const key = publicKeyOf(name, kind, material);
  if (hexId(key.id) === id) return key;
  throw new SealFormatError(`${what}: its id is not that of its name and bytes`);
}

const withType = (kind: KeyKind, bytes: Uint8Array): string =>
  toBase64(Buffer.concat([Uint8Array.of(kinds[kind].type), bytes]));

/** The text that others have to check with. */
export const encodePublicKey = (key: PublicKey): string =>
  `${keyLabel(key)}+${withType(key.kind, key.material)}`;

const privateStart = "PRIVATE+KEY+";

/** @throws SealFormatError when text is no private key, in the form of Go's `sumdb/note`. */
export function parsePrivateKey(text: string): PrivateKey {
  const what = "private key";
  if (!text.startsWith(privateStart)) {
    throw new SealFormatError(`${what}: not of the form ${privateStart}NAME+ID+KEY`);
  }
  const [name, id, kind, seed] = partsOf(text.slice(privateStart.length), what);
  if (seed.length !== seedBytes) throw new SealFormatError(`${what}: its seed has not 32 bytes`);
  const publicKey = publicKeyOf(name, kind, kinds[kind].publicKey(seed));
  if (hexId(publicKey.id) === id) return { publicKey, seed };
  throw new SealFormatError(`${what}: its id is not that of its name and bytes`);
}

/** The text of a private key, which is to be kept. */
export const encodePrivateKey = ({ publicKey, seed }: PrivateKey): string =>
  `${privateStart}${keyLabel(publicKey)}+${withType(publicKey.kind, seed)}`;

/**
 * A new key.
 *
 * @param seed  32 bytes that nobody knows; random when missing.
 * @throws SealFormatError when nothing can be called so.
 */
export function makeKey(
  name: string,
  kind: KeyKind,
  seed: Uint8Array = randomBytes(seedBytes),
): PrivateKey {
  if (!isKeyName(name)) {
    throw new SealFormatError("a key's name is not empty, and has no spaces and no plus in it");
  }
  return { seed, publicKey: publicKeyOf(name, kind, kinds[kind].publicKey(seed)) };
}
