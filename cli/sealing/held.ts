import { checkConsistency, checkInclusion } from "../../seal/check-proof.ts";
import type { SignedCheckpoint } from "../../seal/checkpoint.ts";
import { readEntry } from "../../seal/entry.ts";
import type { Believed } from "../../seal/open-checkpoint.ts";
import { openCheckpoint } from "../../seal/open-checkpoint.ts";
import type { Policy } from "../../seal/policy.ts";
import { parseConsistency, parseInclusion } from "../../seal/proof-file.ts";
import { leafHash } from "../../seal/tree-hash.ts";
import { consistencyProof } from "../../seal/tree-proof.ts";
import { InputError } from "../input-error.ts";
import { checkFolder, tileReader } from "./folder-reader.ts";
import { openSeal } from "./seal-file.ts";

/** What was found to hold: in words, and as fields of one object. */
export interface Held {
  readonly checkpoint: SignedCheckpoint;
  readonly believed: Believed;
  readonly words: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A count as text. */
export const count = (number: number): string => number.toString();

/** Checks an inclusion proof. @throws SealRefused by name. */
export function heldInclusion(text: string, policy: Policy): Held {
  const { entry, index, path, checkpoint } = parseInclusion(text);
  const believed = openCheckpoint(checkpoint, policy);
  checkInclusion(leafHash(entry), index, checkpoint, path);
  const said = readEntry(entry);
  const what =
    said.kind === "state"
      ? `after event ${count(said.seq)} the state's hash is ${said.stateHash}`
      : Buffer.from(entry).toString("utf8");
  const words = `entry ${count(index)} of ${count(checkpoint.size)} is sealed: ${what}`;
  return { checkpoint, believed, words, fields: { index, entry: said } };
}

/** Checks a consistency proof against what is known. @throws SealRefused by name. */
export function heldConsistency(
  text: string,
  policy: Policy,
  known: SignedCheckpoint | undefined,
): Held {
  const { old, path, checkpoint } = parseConsistency(text);
  if (known === undefined) throw new InputError("check: --known, the earlier seal, is missing");
  if (known.size !== old) {
    const sizes = `goes on from ${count(old)} entries, and --known has ${count(known.size)}`;
    throw new InputError(`check: the proof ${sizes}`);
  }
  const believed = openCheckpoint(checkpoint, policy);
  checkConsistency(known, checkpoint, path);
  const words = `${count(checkpoint.size)} entries go on from the ${count(old)} that were known`;
  return { checkpoint, believed, words, fields: { known: old } };
}

/** Checks a seal, and that it goes on from what is known. @throws SealRefused by name. */
export async function heldSeal(
  path: string,
  policy: Policy,
  known: SignedCheckpoint | undefined,
): Promise<Held & { readonly folder: string | undefined }> {
  const { checkpoint, folder } = await openSeal(path);
  const believed = openCheckpoint(checkpoint, policy);
  const tree =
    folder === undefined ? undefined : { size: checkpoint.size, read: tileReader(folder) };
  if (folder !== undefined) checkFolder(folder, checkpoint);
  if (known !== undefined) {
    const [was, is] = [known.size, checkpoint.size];
    const needsTiles = was > 0 && was < is;
    if (needsTiles && tree === undefined) {
      throw new InputError("check: a checkpoint alone does not show that it goes on from another");
    }
    const proof = needsTiles && tree !== undefined ? consistencyProof(tree, was) : [];
    checkConsistency(known, checkpoint, proof);
  }
  const after = known === undefined ? "" : `, which go on from the ${count(known.size)} known`;
  const words = `${count(checkpoint.size)} entries of ${checkpoint.origin}${after}`;
  const fields = { tiles: folder !== undefined, known: known?.size ?? null };
  return { checkpoint, believed, words, fields, folder };
}
