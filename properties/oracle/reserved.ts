import type { GuestSetup } from "../../events/setup.ts";
import type { P2m } from "./p2m.ts";
import { isFree, mapRange } from "./p2m.ts";

type Region = NonNullable<GuestSetup["rmrr"]>[number];

/**
 * Maps what a reserved region needs and the P2M has not: each aligned 2 MiB of it that nothing maps
 * as one, every other page by itself, all of them to the host page of the same number.
 */
export function reserve(all: readonly P2m[], guest: number, haw: number, region: Region): void {
  const p2m = all[guest];
  if (!p2m) return;
  const end = Number((region.end + 1n) >> 12n);
  const free = (from: number, to: number): boolean => {
    if (to > end) return false;
    return isFree(p2m, from, to);
  };
  for (let gfn = Number(region.base >> 12n); gfn < end; ) {
    const large = gfn % 512 === 0 && free(gfn, gfn + 512);
    const count = large ? 512 : 1;
    const at = BigInt(gfn) << 12n;
    const pageSize = large ? "2M" : "4K";
    const length = BigInt(count) << 12n;
    const grant = { gpa: at, hpa: at, length, pageSize, read: true, write: true } as const;
    if (large || free(gfn, gfn + 1)) mapRange(all, guest, haw, grant);
    gfn += count;
  }
}
