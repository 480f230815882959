import { hex } from "../address.ts";
import type { Found } from "./dmar-found.ts";
import type { Note } from "./remark.ts";
import { xenRefuses } from "./remark.ts";

type Region = Found<"RMRR">;

/** The bit of the reserved ones that old headers give a name. */
const allowAll = 1n << 32n;
const linuxComplains = '"Your BIOS is broken; bad RMRR"';

function boundsRemarks([{ base, end }, { at }]: Region, note: Note): void {
  if (end < base) {
    const what =
      end + 1n === base ? "the region's length is zero" : "the region ends before it begins";
    note(at, what, { Linux: linuxComplains, Xen: `"RMRR … is incorrect!", ${xenRefuses}` });
  } else if (base % 4096n !== 0n || (end + 1n) % 4096n !== 0n) {
    note(at, "the region is not made of whole pages", { Linux: linuxComplains });
  }
  if (base === 0n) {
    const who = {
      Linux: '"No firmware reserved region can cover this RMRR" where that is RAM',
      Xen: `"page at 0 can't be converted" where that is RAM, ${xenRefuses}`,
    };
    note(at, "the region begins at address 0", who);
  }
}

/** Regions that share bytes, each told where it comes second in the table. */
function overlapRemarks(regions: readonly Region[], note: Note): void {
  const real = regions.filter(([{ base, end }]) => base <= end);
  const byBase = (a: Region, b: Region): number =>
    a[0].base < b[0].base ? -1 : a[0].base > b[0].base ? 1 : a[1].at - b[1].at;
  let last: { readonly end: bigint; readonly at: number } | undefined;
  for (const [{ base, end }, { at }] of real.toSorted(byBase)) {
    if (last !== undefined && base <= last.end) {
      const [one, other] = [at, last.at].toSorted((a, b) => a - b);
      const who = { Xen: `"Overlapping RMRRs", ${xenRefuses}` };
      note(other ?? 0, `the region overlaps the one at ${hex(one ?? 0)}`, who);
    }
    if (last === undefined || end > last.end) last = { end, at };
  }
}

/** Notes what is odd of reserved regions. */
export function regionRemarks(regions: readonly Region[], note: Note): void {
  for (const region of regions) {
    boundsRemarks(region, note);
    const [{ reserved = 0n }, { at }] = region;
    if ((reserved & allowAll) !== 0n) {
      const who = { ACPICA: "calls it ALLOW_ALL; neither Linux nor Xen looks at it" };
      note(at, "bit 0 of the reserved ones is set", who);
    }
  }
  overlapRemarks(regions, note);
}
