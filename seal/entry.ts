import { parseJson } from "../events/json.ts";
import { longestEntry } from "./bundle.ts";
import { digestOf } from "./tree-hash.ts";

/** What an entry of a sealed log says. */
export type Entry =
  /** The first one: which model decided, and after how many events a state root stands. */
  | { readonly kind: "seal"; readonly model: string; readonly every: number }
  /** The state after event `seq`. */
  | { readonly kind: "state"; readonly seq: number; readonly stateHash: string }
  /** A line of the log; one that is too long is known by its length and digest alone. */
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "longLine"; readonly bytes: number; readonly sha256: string };

/** The form of the seal; another one makes other entries. */
const sealVersion = 1;

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** The first entry. */
export const sealEntry = (model: string, every: number): Uint8Array =>
  bytesOf({ seal: sealVersion, model, every });

/** The entry of a state: its hash after event `seq`. */
export const stateEntry = (seq: number, stateHash: string): Uint8Array =>
  bytesOf({ state: seq, stateHash });

/** The entry of a line, which is its bytes where they are few enough. */
export function lineEntry(line: string): Uint8Array {
  const bytes = Buffer.from(line);
  if (bytes.length <= longestEntry) return bytes;
  const sha256 = Buffer.from(digestOf(bytes)).toString("hex");
  return bytesOf({ longLine: bytes.length, sha256 });
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What an entry says. Anything that is none of the others is a line. */
export function readEntry(bytes: Uint8Array): Entry {
  const text = Buffer.from(bytes).toString("utf8");
  const isOurs = /^\{"(seal|state|longLine)":/.test(text);
  const { seal, model, every, state, stateHash, longLine, sha256 } = isOurs ? objectOf(text) : {};
  if (seal === sealVersion && typeof model === "string" && typeof every === "number") {
    return { kind: "seal", model, every };
  }
  if (typeof state === "number" && typeof stateHash === "string") {
    return { kind: "state", seq: state, stateHash };
  }
  if (typeof longLine === "number" && typeof sha256 === "string") {
    return { kind: "longLine", bytes: longLine, sha256 };
  }
  return { kind: "line", text };
}
