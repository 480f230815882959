import { createHash } from "node:crypto";

/** A SHA-256 digest: 32 bytes. */
export type Hash = Uint8Array;

/** Bytes of a hash. */
export const hashBytes = 32;

const sha256 = (...parts: readonly Uint8Array[]): Hash => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** SHA-256 of bytes. */
export const digestOf = (bytes: Uint8Array): Hash => sha256(bytes);

/** The root of a tree without entries. RFC 6962, section 2.1. */
export const emptyRoot = (): Hash => sha256();

/** The leaf of an entry. RFC 6962, section 2.1. */
export const leafHash = (entry: Uint8Array): Hash => sha256(leafPrefix, entry);

/** The node above two others. RFC 6962, section 2.1. */
export const nodeHash = (left: Hash, right: Hash): Hash => sha256(nodePrefix, left, right);

/** Whether two hashes, or any bytes, are the same. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The greatest power of two below `size`, which is 2 or more: where RFC 6962 splits a tree. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
