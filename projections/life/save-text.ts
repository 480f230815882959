import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { NestingError, parseJson } from "../../events/json.ts";

/** Version of the record's form: a reader takes no other. */
export const recordVersion = 3;
const magic = "shadowfold-unit";

/** A record that cannot be restored; one line that says why. */
export class RecordError extends Error {}

let last = { body: "", digest: bytesToHex(sha256(new Uint8Array())) };

/** SHA-256 of a text, in hexadecimal. That of the last is kept: what is saved is soon restored. */
export function digestOf(body: string): string {
  if (last.body !== body) last = { body, digest: bytesToHex(sha256(utf8ToBytes(body))) };
  return last.digest;
}

/** The record with a body: its first line says version, length and SHA-256 of the rest. */
export const recordOf = (body: string): string =>
  `${magic} ${recordVersion} ${body.length} ${digestOf(body)}\n${body}`;

export const refuse = (why: string): never => {
  throw new RecordError(`restore: ${why}`);
};

/**
 * The JSON of a record that is whole.
 *
 * @throws RecordError when it is not, or of another version.
 */
export function bodyOf(record: string): Readonly<Record<string, unknown>> {
  const end = record.indexOf("\n");
  const match = /^shadowfold-unit (\d{1,6}) (\d{1,10}) ([0-9a-f]{64})$/.exec(record.slice(0, end));
  if (end < 0 || match === null) {
    return /^shadowfold-unit( |$)/.test(record)
      ? refuse("the record is cut short in its first line")
      : refuse(`the record does not begin with "${magic}"`);
  }
  const [version, length] = [Number(match[1]), Number(match[2])];
  if (version !== recordVersion) {
    return refuse(`the record has version ${version}, not ${recordVersion}`);
  }
  const body = record.slice(end + 1);
  if (body.length < length)
    return refuse(`the record is cut short after ${body.length} characters`);
  if (body.length > length) return refuse("the record goes on after its end");
  if (digestOf(body) !== match[3]) return refuse("the record's checksum is wrong");
  return jsonOf(body);
}

function jsonOf(body: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = parseJson(body);
  } catch (error) {
    if (error instanceof NestingError) refuse(`the record is ${error.message}`);
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof json !== "object" || json === null) return refuse("the record is no JSON object");
  return json as Readonly<Record<string, unknown>>;
}
