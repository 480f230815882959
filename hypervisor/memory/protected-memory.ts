import { at } from "../../events/registers/offset.ts";
import { Phmbase, Phmlimit, Plmbase, Plmlimit } from "../../events/registers/protected-memory.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/registers.ts";

/** The bits of a limit, of either region, that count as ones. */
const belowLimit = Plmlimit.reservedMask;

/**
 * Whether a GPA that was not translated lies in a protected region. Source: EDC, PMEN; regions
 * count in 2 MiB.
 */
export function isProtected(guest: Guest, page: number): boolean {
  if (guest.charts.protection !== "enabled") return false;
  const { profile } = guest;
  const address = BigInt(page) << 12n;
  const inside = (base: bigint, limit: bigint): boolean =>
    address >= base && address <= (limit | belowLimit);
  const low = (): boolean =>
    inside(
      Plmbase.decode(stored(guest, at.plmbase)).base,
      Plmlimit.decode(stored(guest, at.plmlimit)).limit,
    );
  const high = (): boolean =>
    inside(
      Phmbase.decode(stored(guest, at.phmbase)).base,
      Phmlimit.decode(stored(guest, at.phmlimit)).limit,
    );
  return (profile.plmr && low()) || (profile.phmr && high());
}
