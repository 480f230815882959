import { pageOf } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import { levelsOfMode, PasidEntry } from "../../events/context/pasid-entry.ts";
import { FirstStageEntry, firstStageReserved } from "../../events/first-stage/first-stage-entry.ts";
import type { Access } from "../../events/input.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { SecondStageEntry, secondStageReserved } from "../../events/shadow/second-stage-entry.ts";
import type { Guest } from "../../projections/guest.ts";
import { isDevicePage } from "../../target/defined-input.ts";
import type { Seen } from "../../target/table-view.ts";
import { isInterrupt, overlapsInterrupts, walkStage } from "../../target/table-view.ts";

/** Where QEMU's walk of page tables leads, or the reason that it ends with; or nobody knows. */
export type Walked = { readonly reason: number } | { readonly reached: bigint } | "unknown";

const first = masksOf(FirstStageEntry);
const second = masksOf(SecondStageEntry);

/** What is wrong with one first-stage entry, in the order in which QEMU looks. */
function faultsOf(guest: Guest, access: Access, { level, entry, leaf }: Seen): readonly number[] {
  const isLarge = leaf !== undefined && level > 1;
  const reserved = firstStageReserved(guest.profile, level, isLarge, false, true);
  const wrong: readonly (readonly [number, boolean])[] = [
    [0x71, (entry & first.present) === 0n],
    [0x81, (entry & first.us) === 0n],
    [0x85, access === "write" && (entry & first.rw) === 0n],
    [0x72, (entry & reserved) !== 0n],
  ];
  return wrong.flatMap(([reason, isWrong]) => (isWrong ? [reason] : []));
}

/** The same of a second-stage entry. */
function secondFaultsOf({ profile }: Guest, access: Access, { level, entry, leaf }: Seen) {
  const isLarge = leaf !== undefined && level > 1;
  const isRefused = (entry & (access === "write" ? second.w : second.r)) === 0n;
  const hasReserved = (entry & secondStageReserved(profile, level, isLarge)) !== 0n;
  return [...(isRefused ? [access === "write" ? 0x5 : 0x6] : []), ...(hasReserved ? [0xc] : [])];
}

/** Whether the bits of an address above a width are copies of the highest below it. */
function isCanonical(iova: bigint, width: number): boolean {
  const upper = iova >> BigInt(width - 1);
  return upper === 0n || upper === (1n << BigInt(65 - width)) - 1n;
}

/**
 * Walks the page tables of a PASID entry as QEMU does: level by level, all that it looks at of one
 * entry before the next one.
 *
 * @param met  is added the deviations that take part.
 */
export function walkTables(
  guest: Guest,
  met: Set<string>,
  pasidEntry: bigint,
  iova: bigint,
  access: Access,
): Walked {
  const { profile } = guest;
  const { aw, fspm, nxe, ssptptr, fsptptr } = PasidEntry.decode(pasidEntry);
  const isFirst = profile.flts;
  const width = Math.min(30 + 9 * aw, profile.mgaw);
  if (isFirst && !isCanonical(iova, width)) {
    if (isCanonical(iova, 48)) met.add("first-stage-width");
    return { reason: 0x80 };
  }
  if (!isFirst && iova >> BigInt(width) !== 0n) return { reason: 0x4 };
  const root = pageOf(isFirst ? fsptptr : ssptptr);
  const levels = isFirst ? levelsOfMode(fspm) : levelsOfWidth(aw);
  const { seen, unread } = walkStage(guest, { root, levels, isFirst, nxe }, iova);
  const hasDisabled = seen.some(
    ({ entry }) => (entry & first.present) !== 0n && (entry & first.xd) !== 0n,
  );
  if (isFirst && !nxe && hasDisabled) met.add("execute-disable-ignored");
  // Nothing below an entry that is not present matters to anybody.
  const end = isFirst ? seen.findIndex(({ entry }) => (entry & first.present) === 0n) : -1;
  const used = end < 0 ? seen : seen.slice(0, end + 1);
  const all = used.flatMap((one) => (isFirst ? faultsOf : secondFaultsOf)(guest, access, one));
  const [reason] = all;
  if (reason !== undefined) {
    if (isFirst && new Set(all).size > 1) met.add("first-stage-order");
    return { reason };
  }
  const leaf = seen.at(-1)?.leaf;
  if (unread !== undefined && isDevicePage(unread)) {
    met.add("table-in-device-memory");
    return "unknown";
  }
  if (leaf === undefined) {
    const isTop = seen.length === 0;
    return { reason: isFirst ? (isTop ? 0x73 : 0x70) : isTop ? 0x3 : 0x7 };
  }
  const last = { ...seen.at(-1), leaf } as Seen;
  const reached = leaf.base + (iova & (leaf.length - 1n));
  if (!overlapsInterrupts(last) && !isInterrupt(reached)) return { reached };
  if (!isInterrupt(reached)) met.add("superpage-interrupt-range");
  return { reason: 0x87 };
}
