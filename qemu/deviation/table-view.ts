import { isInterruptPage, pageOf } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import type { ContextStep } from "../../machines/context.ts";
import { resolve } from "../../machines/resolve.ts";
import { tablePage } from "../../machines/table-page.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host-entry.ts";
import { wordIn } from "../../projections/memory.ts";

/** Root, context, directory and PASID entry of a source-id as they are in memory now. */
export function entriesRead(guest: Guest, source: number): readonly ContextStep[] {
  const steps: ContextStep[] = [];
  resolve(guest, source, undefined, (step) => void steps.push(step));
  return steps;
}

/** An entry of a page table, and the range of guest memory that it maps where it is a leaf. */
export interface Seen {
  readonly level: number;
  readonly entry: bigint;
  /** First byte, and bytes; nothing of an entry that names a table. */
  readonly leaf: { readonly base: bigint; readonly length: bigint } | undefined;
}

/**
 * The stage that an untranslated request without PASID uses: by the tables in memory now, or, where
 * they block it, by the first stage that the model remembers.
 */
function stageOf(guest: Guest, source: number) {
  const context = resolve(guest, source, undefined);
  if (context.kind === "tables") return { ...context, isFirst: false, nxe: false };
  const { space } = hostAt(guest.hosts, source, undefined) ?? {};
  const known = space === undefined ? undefined : guest.spaces[space];
  if (context.kind === "blocked" && known !== undefined && known.second === undefined) {
    return { ...known, isFirst: true };
  }
  if (context.kind !== "firstStage" || context.second !== undefined) return undefined;
  return { ...context.first, isFirst: true };
}

const addressBits = ((1n << 40n) - 1n) << 12n;

/** What a walk met, from the top down, whatever its entries allow. */
export function entriesWalked(guest: Guest, source: number, iova: bigint) {
  const stage = stageOf(guest, source);
  const seen: Seen[] = [];
  if (stage === undefined) return undefined;
  let table = stage.root;
  for (let level = stage.levels as number; level > 0; level--) {
    const page = tablePage(guest, table);
    if (page === undefined) break;
    const shift = BigInt(9 * level + 3);
    const entry = wordIn(page, Number((iova >> shift) & 0x1ffn) * 8);
    const isLeaf = level === 1 || (level < 4 && (entry & 0x80n) !== 0n);
    const length = 1n << shift;
    const address = entry & addressBits;
    const leaf = isLeaf ? { base: address - (address % length), length } : undefined;
    seen.push({ level, entry, leaf });
    if (isLeaf || (entry & 3n) === 0n) break;
    table = pageOf(address);
  }
  return { ...stage, seen };
}

/**
 * The fault that a first-stage walk ends with where each level is checked as a whole: present, then
 * user, then write, and reserved bits last.
 *
 * @param reserved  of an entry of a level: whether it has a reserved bit.
 */
export function firstFault(
  seen: readonly Seen[],
  access: Access,
  reserved: (one: Seen) => boolean,
): number | undefined {
  for (const one of seen) {
    if ((one.entry & 1n) === 0n) return 0x71;
    if ((one.entry & 4n) === 0n) return 0x81;
    if (access === "write" && (one.entry & 2n) === 0n) return 0x85;
    if (reserved(one)) return 0x72;
  }
  return undefined;
}

/** Reserved bits of a first-stage entry, bit 63 aside. */
export const hasReserved =
  (haw: number) =>
  ({ level, entry, leaf }: Seen): boolean => {
    const above = (1n << 52n) - (1n << BigInt(haw));
    const inLeaf = leaf === undefined || level === 1 ? 0n : leaf.length - 0x2000n;
    const inTop = level === 4 ? 0x80n : 0n;
    return (entry & (above | inLeaf | inTop)) !== 0n;
  };

/** Whether a leaf larger than 4 KiB has pages of the interrupt range among others. */
export function overlapsInterrupts({ leaf }: Seen): boolean {
  if (leaf === undefined || leaf.length === 4096n) return false;
  const first = 0xfee0_0000n;
  return leaf.base <= first && first < leaf.base + leaf.length;
}

/** Whether an address lies in the interrupt range. */
export const isInterrupt = (address: bigint): boolean => isInterruptPage(pageOf(address));
