import { hex } from "../address.ts";
import type { Found } from "./dmar-found.ts";
import { found } from "./dmar-found.ts";
import type { DmarReading } from "./read-dmar.ts";
import type { Note } from "./remark.ts";
import { linuxRefuses, xenRefuses } from "./remark.ts";

type Unit = Found<"DRHD">;

const allOnes = (1n << 64n) - 1n;
const registerBytes = (size: number): bigint => 4096n << BigInt(size);

function baseRemarks([{ base, size }, { at }]: Unit, note: Note): void {
  if (base === 0n) {
    const linux = `"DMAR reported at address 0", ${linuxRefuses}`;
    note(at, "the unit's registers are at address 0", { Linux: linux, Xen: xenRefuses });
  } else if (base === allOnes) {
    note(at, "the unit's registers are at an address of all ones", { Xen: xenRefuses });
  } else if (base % registerBytes(size) !== 0n) {
    const who = { "the specification": "aligned to the size of the register set" };
    note(at, `the unit's registers at ${hex(base)} are not aligned`, who);
  }
}

/** Units that use the same registers. Two of one segment and address are one unit, listed twice. */
function overlapRemarks(units: readonly Unit[], note: Note): void {
  const first = new Map<string, number>();
  let last: { readonly end: bigint; readonly at: number } | undefined;
  const byBase = (a: Unit, b: Unit): number =>
    a[0].base < b[0].base ? -1 : a[0].base > b[0].base ? 1 : a[1].at - b[1].at;
  for (const [{ base, size, segment }, { at }] of units.toSorted(byBase)) {
    const key = `${segment}:${base}`;
    const twin = first.get(key);
    if (twin !== undefined) {
      const who = { Linux: "passes it by" };
      note(at, `the unit at ${hex(base)} is listed at ${hex(twin)} already`, who);
      continue;
    }
    first.set(key, at);
    if (last !== undefined && base < last.end) {
      const [one, other] = [at, last.at].toSorted((a, b) => a - b);
      const who = { Linux: `"Can't reserve memory", ${linuxRefuses}` };
      note(other ?? 0, `its registers overlap those of the unit at ${hex(one ?? 0)}`, who);
    }
    const end = base + registerBytes(size);
    if (last === undefined || end > last.end) last = { end, at };
  }
}

/** Units that have all devices which no other has: one a segment, and the last of it. */
function restRemarks(units: readonly Unit[], note: Note): void {
  const lastOf = new Map<number, number>();
  for (const [{ segment, includePciAll }, { at }] of units) {
    if (!includePciAll) lastOf.set(segment, at);
  }
  const seen = new Set<number>();
  for (const [{ segment, includePciAll }, { at }] of units) {
    if (!includePciAll) continue;
    if ((lastOf.get(segment) ?? 0) > at) {
      const readers = { Linux: "looks there last all the same", Xen: "does so too" };
      const who = { "the specification": "after all other units of the segment", ...readers };
      note(at, `INCLUDE_PCI_ALL is not the last unit of segment ${segment}`, who);
    }
    if (seen.has(segment)) {
      const xen = `"Only one INCLUDE_ALL device scope is allowed", ${xenRefuses}`;
      const who = { Linux: "asks the first alone", ...(segment === 0 ? { Xen: xen } : {}) };
      note(at, `a second unit with INCLUDE_PCI_ALL in segment ${segment}`, who);
    }
    seen.add(segment);
  }
}

/** Notes what is odd of the units themselves. */
export function unitRemarks(reading: DmarReading, note: Note): void {
  const units = found(reading, "DRHD");
  if (units.length === 0) {
    const who = { Linux: `"No DRHD structure found in DMAR table", ${linuxRefuses}` };
    note(0, "the table has no remapping unit", who);
  }
  for (const unit of units) baseRemarks(unit, note);
  overlapRemarks(units, note);
  restRemarks(units, note);
}
