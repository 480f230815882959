import { explainLines } from "../explain/explain.ts";

/** What reads a text that is no log and no trace; nothing where `explain` does not either. */
export const pasteHint = (lines: readonly string[]): string =>
  explainLines(lines).isUnderstood ? "; explain reads it" : "";
