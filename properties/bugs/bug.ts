/** One mistake that somebody could have made: a change of one place in the source text. */
export interface Bug {
  readonly id: string;
  /** What is wrong with it, in one sentence. */
  readonly what: string;
  /** The file, from the root. */
  readonly file: string;
  /** Text that occurs in the file exactly once, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** A law that must catch it. */
  readonly law: string;
  /** The worlds that can show it, where not every world may. */
  readonly worlds?: "extended";
}
