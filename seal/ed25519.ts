import type { KeyObject } from "node:crypto";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

/** What stands before the 32 bytes of a seed, and of a public key, in their DER forms. RFC 8410. */
const seedStart = Buffer.from("302e020100300506032b657004220420", "hex");
const publicStart = Buffer.from("302a300506032b6570032100", "hex");

const privateOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([seedStart, seed]), format: "der", type: "pkcs8" });

const publicOf = (material: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicStart, material]), format: "der", type: "spki" });

/** The public key of a seed: 32 bytes. RFC 8032. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateOf(seed)).export({ format: "der", type: "spki" });
  return der.subarray(publicStart.length);
}

/** 64 bytes. */
export const ed25519Sign = (seed: Uint8Array, message: Uint8Array): Uint8Array =>
  sign(null, message, privateOf(seed));

/** Whether a signature is of that key over that message. */
export const ed25519Verify = (
  material: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => verify(null, message, publicOf(material), signature);
