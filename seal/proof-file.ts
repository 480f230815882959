import { fromBase64, hashFromBase64, toBase64 } from "./base64.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { countOf } from "./decimal.ts";
import { SealFormatError } from "./seal-error.ts";
import type { Hash } from "./tree-hash.ts";

/** The proof that a sealed log has an entry. C2SP tlog-proof. */
export interface InclusionFile {
  /** The entry itself, which C2SP leaves to the application: here it stands as extra data. */
  readonly entry: Uint8Array;
  readonly index: number;
  readonly path: readonly Hash[];
  readonly checkpoint: SignedCheckpoint;
}

/** The proof that a sealed log goes on from an earlier one: what a witness of C2SP is asked. */
export interface ConsistencyFile {
  readonly old: number;
  readonly path: readonly Hash[];
  readonly checkpoint: SignedCheckpoint;
}

/** How the first line of either begins. */
export const inclusionStart = "c2sp.org/tlog-proof@v1\n";
export const consistencyStart = "old ";

/** More hashes than a tree of 2^63 entries has levels. */
const mostHashes = 63;

const pathLines = (path: readonly Hash[]): string =>
  path.map((hash) => `${toBase64(hash)}\n`).join("");

/** The text of an inclusion proof; `checkpoint` is a signed note as it is. */
export function encodeInclusion(
  { entry, index, path }: Omit<InclusionFile, "checkpoint">,
  checkpoint: string,
): string {
  const head = `extra ${toBase64(entry)}\nindex ${index.toString()}\n`;
  return `${inclusionStart}${head}${pathLines(path)}\n${checkpoint}`;
}

/** The text of a consistency proof; `checkpoint` is a signed note as it is. */
export const encodeConsistency = (old: number, path: readonly Hash[], checkpoint: string): string =>
  `${consistencyStart}${old.toString()}\n${pathLines(path)}\n${checkpoint}`;

/** The lines before the first empty one, and the text after it. */
function headAndNote(text: string): [readonly string[], SignedCheckpoint] {
  const end = text.indexOf("\n\n");
  if (end < 0) throw new SealFormatError("proof: no empty line before a checkpoint");
  return [text.slice(0, end).split("\n"), parseCheckpoint(text.slice(end + 2))];
}

function pathOf(lines: readonly string[]): readonly Hash[] {
  if (lines.length > mostHashes) throw new SealFormatError("proof: more than 63 hashes");
  return lines.map((line) => hashFromBase64(line, "proof"));
}

/** What stands after a word and a space. @throws SealFormatError when the line has another. */
function after(word: string, line: string | undefined): string {
  if (line?.startsWith(`${word} `)) return line.slice(word.length + 1);
  throw new SealFormatError(`proof: no line "${word} ..."`);
}

/** @throws SealFormatError when a text is no inclusion proof with its entry. */
export function parseInclusion(text: string): InclusionFile {
  if (!text.startsWith(inclusionStart)) throw new SealFormatError("proof: of another version");
  const [lines, checkpoint] = headAndNote(text.slice(inclusionStart.length));
  const [extra, index, ...path] = lines;
  return {
    entry: fromBase64(after("extra", extra), "proof: extra"),
    index: countOf(after("index", index), "proof: index"),
    path: pathOf(path),
    checkpoint,
  };
}

/** @throws SealFormatError when a text is no consistency proof. */
export function parseConsistency(text: string): ConsistencyFile {
  const [[old, ...path], checkpoint] = headAndNote(text);
  return { old: countOf(after("old", old), "proof: old"), path: pathOf(path), checkpoint };
}
