import type { Said } from "./observation.ts";

/**
 * Reads words that begin with a line. A mail program may have broken the line, so that words behind
 * it belong to it.
 *
 * @returns what they say; `undefined` for words of any other kind.
 */
export type Recogniser = (words: string) => Said | undefined;

/** A recogniser whose lines mean something only among those around them. */
export interface Section {
  /** Reads the next line; `undefined` where it is none of the section's. */
  readonly read: Recogniser;
}

/** What tries some recognisers, in their order. */
export const firstOf =
  (recognisers: readonly Recogniser[]): Recogniser =>
  (words) => {
    for (const recognise of recognisers) {
      const said = recognise(words);
      if (said !== undefined) return said;
    }
    return undefined;
  };
