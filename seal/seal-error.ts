/** What is in no form that this program reads: a key, a note, a proof, a tile. */
export class SealFormatError extends Error {}

/** Why something that can be read does not hold. */
export type RefusalName =
  | "wrong key"
  | "wrong signature"
  | "wrong origin"
  | "too few witnesses"
  | "wrong proof"
  | "degenerate proof"
  | "damaged seal"
  | "fork"
  | "roll-back"
  | "log differs"
  | "log cut"
  | "not sealed"
  | "facts do not follow"
  | "state root does not follow";

/** What can be read and does not hold: its name, and why. */
export class SealRefused extends Error {
  readonly refusal: RefusalName;
  readonly why: string;

  constructor(refusal: RefusalName, why: string) {
    super(`${refusal}: ${why}`);
    this.refusal = refusal;
    this.why = why;
  }
}
