import { writeFileSync } from "node:fs";
import type { KeyKind, PrivateKey, PublicKey } from "../../seal/key.ts";
import {
  encodePrivateKey,
  encodePublicKey,
  makeKey,
  parsePrivateKey,
  parsePublicKey,
} from "../../seal/key.ts";
import { SealFormatError } from "../../seal/seal-error.ts";
import { readWhole } from "../binary.ts";
import { fileError, InputError } from "../input-error.ts";

/** Does something with what a file has; what is wrong with it becomes one line. */
export function inFile<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof SealFormatError) throw new InputError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The text of a file that holds one line. */
async function lineOf(file: string): Promise<string> {
  const text = Buffer.from(await readWhole(file)).toString("utf8");
  return text.replace(/\r?\n$/, "");
}

/** @throws InputError when a file has no private key. */
export async function readPrivateKey(file: string): Promise<PrivateKey> {
  const text = await lineOf(file);
  return inFile(file, () => parsePrivateKey(text));
}

const isKeyText = (word: string): boolean => /^[^+]+\+[^+]+\+./.test(word);

/** The public key that a word is, or that stands in the file of that name. @throws InputError. */
export async function readPublicKey(word: string): Promise<PublicKey> {
  if (isKeyText(word)) return inFile("--key", () => parsePublicKey(word));
  const text = await lineOf(word);
  return inFile(word, () => parsePublicKey(text));
}

/** The kinds of keys that logs sign with, as the command line names them. */
export const keyTypes: Readonly<Record<string, KeyKind>> = {
  ed25519: "ed25519",
  "ml-dsa-44": "mlDsa44Cosignature",
};

/**
 * Makes a key: `FILE`, which nobody else may read, and `FILE.pub`. It never replaces one.
 *
 * @throws InputError when it cannot be called so, or a file is there already.
 */
export function writeNewKey(file: string, name: string, kind: KeyKind): PublicKey {
  const key = inFile("--generate-key", () => makeKey(name, kind));
  const write = (path: string, text: string, mode: number): void => {
    try {
      writeFileSync(path, `${text}\n`, { mode, flag: "wx" });
    } catch (error) {
      throw fileError(path, error);
    }
  };
  write(file, encodePrivateKey(key), 0o600);
  write(`${file}.pub`, encodePublicKey(key.publicKey), 0o644);
  return key.publicKey;
}
