import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";

/** The public key of a seed: 1,312 bytes. FIPS 204. */
export const mlDsaPublicKey = (seed: Uint8Array): Uint8Array =>
  ml_dsa44.keygen(Uint8Array.from(seed)).publicKey;

/** 2,420 bytes, the same for the same message. */
export const mlDsaSign = (seed: Uint8Array, message: Uint8Array): Uint8Array =>
  ml_dsa44.sign(message, ml_dsa44.keygen(Uint8Array.from(seed)).secretKey, { extraEntropy: false });

/** Whether a signature is of that key over that message. */
export function mlDsaVerify(
  material: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== ml_dsa44.lengths.signature) return false;
  return ml_dsa44.verify(Uint8Array.from(signature), message, Uint8Array.from(material));
}
