import { InvalidArgumentError } from "commander";
import type { Iova, SourceId } from "../events/address.ts";
import { iova, parseSourceId } from "../events/address.ts";
import type { Access } from "../events/input.ts";
import type { Handle } from "../history/query/handle.ts";
import { parseHandle } from "../history/query/handle.ts";

/** The handle of a page of a device. */
export type PageHandle = Extract<Handle, { kind: "page" }>;

/** The device that `00:04.0` names. */
export function parseDevice(text: string): SourceId {
  const source = parseSourceId(text);
  if (source === undefined) {
    throw new InvalidArgumentError("Expected bus:device.function, like 00:04.0.");
  }
  return source;
}

/** An address of up to 64 bits: `0x...` in hexadecimal, else decimal. */
export function parseIova(text: string): Iova {
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) || BigInt(text) >> 64n !== 0n) {
    throw new InvalidArgumentError("Expected an address of up to 64 bits, like 0x1806000.");
  }
  return iova(BigInt(text));
}

/** A whole number from 0: of an event or of a guest. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected a whole number from 0.");
  }
  return value;
}

/** A whole number from 1, to a bound where there is one. */
export function parseCount(text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  const bound = most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most.toString()}`;
  throw new InvalidArgumentError(`Expected a whole number from 1${bound}.`);
}

/** The event that is meant: its number, or the handle of an event or of a finding. */
export function parseMoment(text: string): number {
  const handle = parseHandle(text);
  if (handle?.kind === "event" || handle?.kind === "finding") return handle.seq;
  return parseNumber(text);
}

/** The handle of a page. */
export function parsePage(text: string): PageHandle {
  const handle = parseHandle(text);
  if (handle?.kind === "page") return handle;
  throw new InvalidArgumentError("Expected a page, like page:0/00:04.0/0x1806000.");
}

/** An index into the interrupt remapping table, in hexadecimal with `0x`, else decimal. */
export function parseIndex(text: string): number {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,16})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0xffff)) {
    throw new InvalidArgumentError("Expected an index from 0 to 0xffff, like 17 or 0x11.");
  }
  return value;
}

export function parseAccess(text: string): Access {
  if (text === "read" || text === "write") return text;
  throw new InvalidArgumentError("Expected read or write.");
}

/** A PASID, in hexadecimal with `0x`, else decimal. */
export function parsePasid(text: string): number {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,16})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0xf_ffff)) {
    throw new InvalidArgumentError("Expected a PASID from 0 to 0xfffff.");
  }
  return value;
}

/** A time in seconds: `90`, `90s`, `5m` or `1h`. */
export function parseSeconds(text: string): number {
  const [, digits, unit = "s"] = /^(\d{1,9})([smh])?$/.exec(text) ?? [];
  if (digits === undefined || Number(digits) === 0) {
    throw new InvalidArgumentError("Expected a time, like 60s or 5m.");
  }
  return Number(digits) * (unit === "s" ? 1 : unit === "m" ? 60 : 3600);
}

/** A port that can be listened on; 0 is any. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError("Expected a port from 0 to 65535.");
  return port;
}
