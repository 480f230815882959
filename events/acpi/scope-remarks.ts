import { hex } from "../address.ts";
import type { Scope } from "./dmar.ts";
import { scopeTypes } from "./dmar.ts";
import { found } from "./dmar-found.ts";
import type { DmarReading } from "./read-dmar.ts";
import type { Note } from "./remark.ts";
import { formatScope, isPciScope } from "./scope-text.ts";

const known = new Set<number>(Object.values(scopeTypes).filter((code) => code !== 0));

/** A device scope of a unit. */
interface Owned {
  readonly unit: number;
  readonly at: number;
  readonly includePciAll: boolean;
  readonly segment: number;
  readonly base: bigint;
  readonly scope: Scope;
}

/** What a scope names: a place below a bus, or a number of its kind. */
function nameOf({ segment, scope }: Owned, steps = scope.path.length): string {
  if (!isPciScope(scope)) return `${segment}/${scope.type}/${scope.enumerationId}`;
  const path = scope.path.slice(0, steps).map((step) => `${step.device}.${step.function}`);
  return `${segment}/${scope.bus}/${path.join("/")}`;
}

function ownedScopes(reading: DmarReading): readonly Owned[] {
  return found(reading, "DRHD").flatMap(([{ includePciAll, segment, base, scopes }, place]) =>
    scopes.map((scope, index) => {
      const at = place.scopes[index]?.at ?? place.at;
      return { unit: place.at, at, includePciAll, segment, base, scope };
    }),
  );
}

/**
 * The unit that gets a device which two have in their scope: in Linux and in Xen alike the one that
 * is listed last, but one with INCLUDE_PCI_ALL only where both have.
 */
function winner(one: Owned, other: Owned): Owned {
  if (one.includePciAll !== other.includePciAll) return one.includePciAll ? other : one;
  return one.includePciAll === one.unit < other.unit ? one : other;
}

/** Tells of a scope that another unit has too, or has below a bridge of its own. */
function overlapRemarks(all: readonly Owned[], note: Note): void {
  const owners = new Map<string, Owned>();
  for (const one of all) if (!owners.has(nameOf(one))) owners.set(nameOf(one), one);
  for (const one of all) {
    const steps = isPciScope(one.scope) ? one.scope.path.length : 1;
    for (let count = 1; count <= steps; count++) {
      const isSame = count === steps;
      const other = owners.get(nameOf(one, count));
      if (other === undefined || other.unit === one.unit) continue;
      if (!isSame && other.scope.type !== scopeTypes.bridge) continue;
      const unit = `the unit at ${hex(other.unit)}`;
      const what = isSame
        ? `${formatScope(one.scope)} is in the scope of ${unit} too`
        : `${formatScope(one.scope)} lies below a bridge in the scope of ${unit}`;
      const takes = `takes the unit with its registers at ${hex(winner(one, other).base)}`;
      const isName = one.scope.type === scopeTypes.namespace;
      note(one.at, what, isName ? { Linux: takes } : { Linux: takes, Xen: takes });
      break;
    }
  }
}

/** Notes device scopes that overlap, and those of kinds that nobody knows. */
export function scopeRemarks(reading: DmarReading, note: Note): void {
  for (const [index, structure] of reading.table.structures.entries()) {
    if (!("scopes" in structure) || structure.type === "SIDP") continue;
    for (const [number, { type }] of structure.scopes.entries()) {
      if (known.has(type)) continue;
      const at = reading.places[index]?.scopes[number]?.at ?? 0;
      const who = { Linux: '"Unsupported device scope"', Xen: '"Unknown scope type", if verbose' };
      note(at, `a device scope of type ${type}`, who);
    }
  }
  overlapRemarks(ownedScopes(reading), note);
}
