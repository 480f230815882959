import { hashFromBase64, toBase64 } from "./base64.ts";
import type { TreeHead } from "./check-proof.ts";
import { countOf } from "./decimal.ts";
import type { Note } from "./note.ts";
import { parseNote } from "./note.ts";
import { SealFormatError } from "./seal-error.ts";

/** What a log was at some size. C2SP tlog-checkpoint. */
export interface Checkpoint extends TreeHead {
  /** Which log it is of. */
  readonly origin: string;
  /** Lines that other logs add; nothing is made of them. */
  readonly extensions: readonly string[];
}

/** A checkpoint, and its note with the signatures that nobody has checked yet. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** The text that is signed. */
export const checkpointText = ({ origin, size, root }: Omit<Checkpoint, "extensions">): string =>
  `${origin}\n${size.toString()}\n${toBase64(root)}\n`;

/** @throws SealFormatError when a text is no checkpoint in a signed note. */
export function parseCheckpoint(text: string): SignedCheckpoint {
  const note = parseNote(text);
  const [origin = "", size = "", root = "", ...extensions] = note.text.slice(0, -1).split("\n");
  if ([origin, size, root, ...extensions].includes("")) {
    throw new SealFormatError("checkpoint: not a line each for origin, size and root");
  }
  return {
    origin,
    size: countOf(size, "checkpoint: size"),
    root: hashFromBase64(root, "checkpoint: root"),
    extensions,
    note,
  };
}

/** Whether an origin can stand in a checkpoint. */
export const isOrigin = (text: string): boolean =>
  text !== "" && ![...text].some((letter) => letter < " ");
