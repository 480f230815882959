import { interruptPages } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Given } from "./device-book.ts";
import type { Probe } from "./probes.ts";

/** Whether translation is on, as GSTS says. */
export const isTranslating = (guest: Guest): boolean => readBytes(guest, 0x1c, 4) >> 31n === 1n;

/** Bit of CAP and of ECAP. */
const capability = (guest: Guest, offset: 8 | 0x10, bit: bigint): boolean =>
  ((readBytes(guest, offset, 8) >> bit) & 1n) === 1n;

const mebibytes = 0x1f_ffffn;

/** Whether a page lies in protected memory, as its registers say. */
export function isProtected(guest: Guest, page: number): boolean {
  const has = { low: capability(guest, 8, 5n), high: capability(guest, 8, 6n) };
  if (!(has.low || has.high) || (readBytes(guest, 0x64, 4) & 1n) === 0n) return false;
  const address = BigInt(page) << 12n;
  const isIn = (base: bigint, limit: bigint): boolean =>
    address >= (base & ~mebibytes) && address <= (limit | mebibytes);
  return (
    (has.low && isIn(readBytes(guest, 0x68, 4), readBytes(guest, 0x6c, 4))) ||
    (has.high && isIn(readBytes(guest, 0x70, 8), readBytes(guest, 0x78, 8)))
  );
}

/** Whether an address is that of an interrupt to a request of its kind. */
export const isMessage = (page: number, pasid: number | undefined): boolean =>
  pasid === undefined && page >= interruptPages.first && page < interruptPages.end;

/** Reasons for want of ERE or SRE, of scalable mode and of version 2.x. */
const ofRights: readonly number[] = [0x5c, 0x5d, 0x19, 0x1a];

/** Whether a request faults so. */
const lacksRights = ({ read, write }: Probe["expected"]): boolean =>
  [read, write].some(({ composed }) => "fault" in composed && ofRights.includes(composed.fault));

/** Why the host does not let a request through whose walk is right, or nothing. */
export type HostRefusal = "unassigned" | "refused" | "protected";

/**
 * Why the host itself must block a request of which nothing is pending: nothing where it must not;
 * `unknown` where second stages may have accessed and dirty bits, or rights to execute, which no
 * host has.
 */
export function hostRefusal(
  { key, expected, world }: Probe,
  device: Given | undefined,
): HostRefusal | "unknown" | undefined {
  const guest = world.guests[key.guest];
  if (device === undefined) return "unassigned";
  if (guest === undefined || expected.pending || !expected.complete) return "unknown";
  const { kind } = expected;
  if (kind === "off" || kind === "passThrough") {
    return isProtected(guest, key.page) ? "protected" : undefined;
  }
  // A request without the rights that it needs may be refused before that is found.
  if (kind === "fault") return lacksRights(expected) ? "unknown" : undefined;
  if (capability(guest, 0x10, 45n)) return "unknown";
  // Of version 2.x SLEE may be set under nesting, where execute requests exist.
  if (kind === "nested" && capability(guest, 0x10, 24n) && capability(guest, 0x10, 30n)) {
    return "unknown";
  }
  if (kind === "firstStage" || !device.physical) return undefined;
  return capability(guest, 8, 7n) ? undefined : "refused";
}
