import type { Scope, ScopeFlag } from "./dmar.ts";
import { scopeTypes } from "./dmar.ts";
import { formatStep } from "./dmar-field.ts";

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(scopeTypes).map(([name, code]) => [code, name]),
);

/** Whether a scope names its device by bus and path; others do by a number of their kind. */
export const isPciScope = ({ type }: Scope): boolean =>
  type === scopeTypes.endpoint || type === scopeTypes.bridge;

/** `endpoint 00:02.0`: what kind of device a scope names, and where it is. */
export function formatScope({ type, bus, path }: Scope): string {
  const at = `${bus.toString(16).padStart(2, "0")}:${path.map(formatStep).join("/")}`;
  return `${names.get(type) ?? `type ${type}`} ${at}`;
}

/** What requests of a device without PASID cannot have. */
const withoutPasid: readonly (readonly [ScopeFlag, string])[] = [
  ["reqWoPasidNestedNotAllowed", "nesting"],
  ["reqWoPasidPwsnpNotAllowed", "PWSNP"],
  ["reqWoPasidPgsnpNotAllowed", "PGSNP"],
];

/** What the flags of a scope say, each after a comma; empty for none. */
export function scopeFlagsText({ flags = [] }: Scope): string {
  const lacks = withoutPasid.filter(([flag]) => flags.includes(flag)).map(([, word]) => word);
  return [
    ...(lacks.length === 0 ? [] : [`, no ${lacks.join("/")} without PASID`]),
    ...(flags.includes("atcHardened") ? [", ATC hardened"] : []),
    ...(flags.includes("atcRequired") ? [", ATC required"] : []),
  ].join("");
}
