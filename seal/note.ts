import { isUtf8 } from "node:buffer";
import { fromBase64, toBase64 } from "./base64.ts";
import { SealFormatError } from "./seal-error.ts";

/** A signature line of a note. */
export interface NoteSignature {
  /** The name of the key. */
  readonly name: string;
  /** What tells keys of one name apart: 32 bits. */
  readonly id: number;
  /** What the key's kind makes of the text. */
  readonly signature: Uint8Array;
}

/** A text and who signed it. C2SP signed-note. */
export interface Note {
  /** With the line end of its last line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** More is no note: the largest signature has 2.4 KiB. */
const longestNote = 1_000_000;
const mostSignatures = 100;
const dash = "\u2014";

const idBytes = 4;

/** What Unicode calls a space, and the plus that separates the parts of a key. */
const notInNames = /[\s\u0085+]/u;

/** Whether a key may be called so. */
export const isKeyName = (name: string): boolean => name !== "" && !notInNames.test(name);

function parseSignature(line: string): NoteSignature {
  const [start, name = "", base64 = "", ...rest] = line.split(" ");
  if (start !== dash || !isKeyName(name) || rest.length > 0) {
    throw new SealFormatError("note: a line after its text that is no signature");
  }
  const bytes = fromBase64(base64, `signature of ${name}`);
  if (bytes.length <= idBytes) throw new SealFormatError(`signature of ${name}: cut short`);
  const id = Buffer.from(bytes).readUInt32BE(0);
  return { name, id, signature: bytes.subarray(idBytes) };
}

/** A text without control characters other than line ends. @throws SealFormatError otherwise. */
export function textOf(bytes: Uint8Array, what: string): string {
  if (bytes.length > longestNote) throw new SealFormatError(`${what}: more than 1,000,000 bytes`);
  if (!isUtf8(bytes)) throw new SealFormatError(`${what}: not UTF-8 text`);
  const text = Buffer.from(bytes).toString("utf8");
  const hasControls = [...text].some((letter) => letter < " " && letter !== "\n");
  if (hasControls) throw new SealFormatError(`${what}: control characters in it`);
  return text;
}

/** @throws SealFormatError when a text is no signed note. */
export function parseNote(all: string): Note {
  const end = all.lastIndexOf("\n\n");
  if (end < 0 || !all.endsWith("\n")) {
    throw new SealFormatError("note: no text, empty line and signatures");
  }
  const lines = all.slice(end + 2, -1).split("\n");
  if (lines.length > mostSignatures) throw new SealFormatError("note: more than 100 signatures");
  return { text: all.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** The line of a signature, with its end. */
export function signatureLine({ name, id, signature }: NoteSignature): string {
  const idPart = Buffer.alloc(idBytes);
  idPart.writeUInt32BE(id);
  return `${dash} ${name} ${toBase64(Buffer.concat([idPart, signature]))}\n`;
}

/** The whole note. */
export const encodeNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map(signatureLine).join("")}`;
