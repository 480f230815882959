import type { Scope, ScopeFlag } from "./dmar.ts";
import { scopeFlags } from "./dmar.ts";
import type { PathStep } from "./dmar-field.ts";
import { DeviceScope } from "./dmar-layout.ts";
import { numberAt } from "./little-endian.ts";
import type { Note } from "./remark.ts";
import { xenRefuses } from "./remark.ts";

/** Where something lies: its first byte and how many there are. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

/** Reserved bits, where there are any that are not 0. */
export const reservedIn = (word: bigint, mask: bigint): { readonly reserved?: bigint } =>
  (word & mask) === 0n ? {} : { reserved: word & mask };

/** Bytes of a scope before its path. */
const headBytes = 6;
/** A scope has a path of one step at least. */
const leastScope = 8;

/** The bytes of the scope at `at`, up to `end` at most; `undefined` where there is no scope. */
function scopeLength(bytes: Uint8Array, at: number, end: number, note: Note): number | undefined {
  const left = end - at;
  if (left < headBytes) {
    note(at, `a device scope is cut short: ${left} bytes are left`);
    return undefined;
  }
  const length = bytes[at + 1] ?? 0;
  const what = `device scope length ${length}`;
  if (length < leastScope) {
    const linux = length === 0 ? { Linux: "never comes to an end" } : {};
    const xen = { Xen: `"Invalid device scope", ${xenRefuses}` };
    note(at + 1, `${what} is less than ${leastScope}`, { ...linux, ...xen });
    return undefined;
  }
  if (length % 2 === 1) note(at + 1, `${what} is odd`);
  if (length <= left) return length;
  note(at + 1, `${what} reaches past the end of its structure`);
  return left < leastScope ? undefined : left;
}

function readScope(bytes: Uint8Array, at: number, length: number): Scope {
  const word = numberAt(bytes, at, headBytes);
  const { type, length: _length, enumerationId, bus, ...bits } = DeviceScope.decode(word);
  const set: readonly ScopeFlag[] = scopeFlags.filter((name) => bits[name]);
  const path: PathStep[] = [];
  for (let step = at + headBytes; step + 1 < at + length; step += 2) {
    path.push({ device: bytes[step] ?? 0, function: bytes[step + 1] ?? 0 });
  }
  const flags = set.length === 0 ? {} : { flags: set };
  const reserved = reservedIn(word, DeviceScope.reservedMask);
  return { type, ...flags, enumerationId, bus, path, ...reserved };
}

/** The device scopes from `first` to `end`, as far as one leads to the next, and where they lie. */
export function readScopes(
  bytes: Uint8Array,
  first: number,
  end: number,
  note: Note,
): { readonly scopes: readonly Scope[]; readonly places: readonly Place[] } {
  const scopes: Scope[] = [];
  const places: Place[] = [];
  for (let at = first; at < end; ) {
    const length = scopeLength(bytes, at, end, note);
    if (length === undefined) break;
    scopes.push(readScope(bytes, at, length));
    places.push({ at, length });
    at += length;
  }
  return { scopes, places };
}
