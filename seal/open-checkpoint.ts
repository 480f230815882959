import type { SignedCheckpoint } from "./checkpoint.ts";
import type { PublicKey } from "./key.ts";
import { keyLabel } from "./key.ts";
import type { Policy } from "./policy.ts";
import { isQuorum } from "./policy.ts";
import { SealRefused } from "./seal-error.ts";
import type { Signed } from "./signature.ts";
import { isSignedBy } from "./signature.ts";

/** Who signed a checkpoint that is believed. */
export interface Believed {
  readonly logs: readonly PublicKey[];
  readonly witnesses: readonly PublicKey[];
}

/** The keys among some that signed. @throws SealRefused when one of theirs is not of its key. */
function signersOf(checkpoint: SignedCheckpoint, keys: readonly PublicKey[]): readonly PublicKey[] {
  const signed: Signed = { ...checkpoint, text: checkpoint.note.text };
  return keys.filter((key) => {
    const theirs = checkpoint.note.signatures.filter(
      ({ name, id }) => name === key.name && id === key.id,
    );
    if (!theirs.every(({ signature }) => isSignedBy(key, signed, signature))) {
      throw new SealRefused("wrong signature", `that of ${keyLabel(key)} is not of this text`);
    }
    return theirs.length > 0;
  });
}

/**
 * Checks that a checkpoint is one to be believed: signatures of unknown keys count for nothing,
 * those of known ones have to be right.
 *
 * @throws SealRefused by name: wrong signature, key or origin, or too few witnesses.
 */
export function openCheckpoint(checkpoint: SignedCheckpoint, policy: Policy): Believed {
  const logs = signersOf(checkpoint, policy.logs);
  const witnesses = signersOf(checkpoint, policy.witnesses);
  if (logs.length === 0) {
    const names = checkpoint.note.signatures.map(({ name }) => name).join(", ");
    const keys = policy.logs.map(keyLabel).join(", ");
    throw new SealRefused("wrong key", `it is signed by ${names}, and not with the key ${keys}`);
  }
  const { origin } = checkpoint;
  const wanted = logs.map(({ name }) => policy.origin ?? name);
  if (!wanted.includes(origin)) {
    throw new SealRefused("wrong origin", `it is of ${origin}, not of ${wanted.join(" or ")}`);
  }
  const { quorum } = policy;
  if (quorum !== undefined && !isQuorum(quorum, new Set(witnesses))) {
    const found = `${witnesses.length.toString()} of them cosigned`;
    throw new SealRefused(
      "too few witnesses",
      `${found}, which the policy's quorum does not accept`,
    );
  }
  return { logs, witnesses };
}
