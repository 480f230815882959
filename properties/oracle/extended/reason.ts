/** What a device is told that asked for a translation. */
export type TranslationAnswer = "no permission" | "unsupported" | "abort";

/** A reason of a fault, as VT-d 2.x numbers them. */
export interface Reason {
  readonly text: string;
  /** FPD of the context entry keeps it from being recorded. */
  readonly qualified: boolean;
  /** What a translation request gets; one that is told that it may not is not recorded. */
  readonly answer: TranslationAnswer;
}

const row = (text: string, answer: TranslationAnswer, qualified = true): Reason => ({
  text,
  answer,
  qualified,
});

/**
 * Every reason that a request can end with in extended mode.
 *
 * Reading: 10h to 1Eh number what is wrong with a request with PASID. The history of VT-d 2.5 tells
 * of 19h and 1Ah; the others are without a text that was found, and numbered here.
 *
 * Reading: what is qualified, and what a translation request gets, is what VT-d 5.10 says of the
 * same condition.
 */
export const reasons: ReadonlyMap<number, Reason> = new Map([
  [0x01, row("root entry: P", "unsupported", false)],
  [0x02, row("context entry: P", "unsupported")],
  [0x03, row("context entry: invalid, or a table that it points to cannot be read", "abort")],
  [0x04, row("address beyond the width of the second level", "no permission")],
  [0x05, row("no leave to write", "no permission")],
  [0x06, row("no leave to read", "no permission")],
  [0x07, row("second-level table cannot be read", "abort")],
  [0x08, row("root entry cannot be read", "abort", false)],
  [0x09, row("context entry cannot be read", "abort", false)],
  [0x0a, row("root entry: reserved bit", "abort", false)],
  [0x0b, row("context entry: reserved bit", "abort")],
  [0x0c, row("second-level entry: reserved bit", "abort")],
  [0x0d, row("translation type blocks the request", "unsupported")],
  [0x0e, row("result in the interrupt range", "abort")],
  [0x10, row("PASID entry cannot be read", "abort", false)],
  [0x11, row("PASID entry: P", "no permission")],
  [0x12, row("PASID entry: reserved bit", "abort")],
  [0x13, row("top table of the first level cannot be read", "no permission")],
  [0x14, row("address is not canonical", "no permission")],
  [0x15, row("first-level table cannot be read, or not set", "no permission")],
  [0x16, row("first-level entry: reserved bit", "no permission")],
  [0x17, row("first-level entry: P", "no permission")],
  [0x18, row("context entry: PASIDE", "unsupported")],
  [0x19, row("context entry: ERE", "no permission")],
  [0x1a, row("PASID entry: SRE", "no permission")],
  [0x1b, row("PASID beyond the table", "unsupported")],
  [0x1c, row("PASID under a table that is not extended", "unsupported", false)],
  [0x1d, row("no leave to execute", "no permission")],
  [0x1e, row("no leave for user requests", "no permission")],
  [0x30, row("page request: P or PRE of the context entry", "unsupported", false)],
]);

/**
 * Whether a fault is recorded.
 *
 * @param fpd  FPD of the context entry; false where none was read.
 * @param translation  it met a translation request.
 */
export function isRecorded(reason: number, fpd: boolean, translation: boolean): boolean {
  const known = reasons.get(reason);
  if (translation && known?.answer === "no permission") return false;
  return !fpd || known?.qualified === false;
}
