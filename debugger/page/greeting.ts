import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** A word that nobody has heard before. */
export const newWord = (): string => bytesToHex(crypto.getRandomValues(new Uint8Array(16)));

/** What the server that has a token answers to a word. */
export const answerTo = (token: string, word: string): string =>
  bytesToHex(hmac(sha256, utf8ToBytes(token), utf8ToBytes(word)));
