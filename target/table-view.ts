import { interruptPages, isInterruptPage, pageOf } from "../events/address.ts";
import { ContextEntry, levelsOfWidth } from "../events/context/context-entry.ts";
import { masksOf } from "../events/layout/layout.ts";
import { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";
import type { ContextStep } from "../hypervisor/context/entry-cursor.ts";

import { resolve } from "../hypervisor/context/resolve.ts";
import { asWalksSee, tablePage } from "../hypervisor/memory/guest-memory.ts";
import { isScalable } from "../projections/context/context-path.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { wordIn } from "../tables/memory.ts";
import type { Contexts } from "./deviation.ts";

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

/** Page tables to walk, from the guest page of the top one down. */
export interface Stage {
  readonly root: number;
  readonly levels: number;
  readonly isFirst: boolean;
  readonly nxe: boolean;
}

/** The stage that an untranslated request without PASID uses by the tables in memory now. */
function stageInMemory(guest: Guest, source: number): Stage | undefined {
  const context = resolve(guest, source, undefined);
  if (context.kind === "tables") return { ...context, isFirst: false, nxe: false };
  if (context.kind !== "firstStage" || context.second !== undefined) return undefined;
  return { ...context.first, isFirst: true };
}

/** The stage that the model remembers for such a request. */
function stageRemembered(guest: Guest, source: number): Stage | undefined {
  const { space, root, levels = 0 } = hostAt(guest.hosts, source, undefined) ?? {};
  const known = space === undefined ? undefined : guest.spaces[space];
  if (known !== undefined && known.second === undefined) return { ...known, isFirst: true };
  if (known !== undefined || root === undefined || levels === 0) return undefined;
  return { root, levels, isFirst: false, nxe: false };
}

const { address: addressBits, ps } = masksOf(SecondStageEntry);
const permissions = SecondStageEntry.mask("r") | SecondStageEntry.mask("w");

/**
 * What a walk of one stage meets, from the top down, whatever its entries allow; and the page of a
 * table that it could not read, if that is how it ended.
 */
export function walkStage(guest: Guest, stage: Stage, iova: bigint) {
  const seen: Seen[] = [];
  let unread: number | undefined;
  let table = stage.root;
  for (let { levels: level } = stage; level > 0; level--) {
    const page = tablePage(asWalksSee(guest), table);
    if (page === undefined) {
      unread = table;
      break;
    }
    const shift = BigInt(9 * level + 3);
    const entry = wordIn(page, Number((iova >> shift) & 0x1ffn) * 8);
    const isLeaf = level === 1 || (level < 4 && (entry & ps) !== 0n);
    const length = 1n << shift;
    const address = entry & addressBits;
    const leaf = isLeaf ? { base: address - (address % length), length } : undefined;
    seen.push({ level, entry, leaf });
    if (isLeaf || (entry & permissions) === 0n) break;
    table = pageOf(address);
  }
  return { ...stage, seen, unread };
}

/** The stage that a legacy context entry names. */
function stageOf(entry: bigint | undefined): Stage | undefined {
  if (entry === undefined) return undefined;
  const { ssptptr, aw } = ContextEntry.decode(entry);
  return { root: pageOf(ssptptr), levels: levelsOfWidth(aw), isFirst: false, nxe: false };
}

/** The stage of the legacy context entry that the target remembers, if it does. */
function stageAtTarget(guest: Guest, source: number, contexts?: Contexts): Stage | undefined {
  return isScalable(guest) ? undefined : stageOf(contexts?.entries.get(source));
}

/**
 * The walks that a request without PASID may use: by the tables in memory, as the model remembers,
 * and in legacy mode by the context entry that the target does.
 */
export function walksOf(guest: Guest, source: number, iova: bigint, contexts?: Contexts) {
  const remembered = stageAtTarget(guest, source, contexts);
  const stages = [stageInMemory(guest, source), stageRemembered(guest, source), remembered];
  return stages.flatMap((stage) => (stage === undefined ? [] : [walkStage(guest, stage, iova)]));
}

/** The walk by the tables in memory now, or, where they block the request, the remembered one. */
export const entriesWalked = (guest: Guest, source: number, iova: bigint) =>
  walksOf(guest, source, iova)[0];

/**
 * The walk of the target: by the context entry that it remembers, even where the one in memory has
 * another number of levels by now, and leads to the same page by entries that allow less.
 */
export function walkByTarget(guest: Guest, source: number, iova: bigint, contexts: Contexts) {
  const stage = stageAtTarget(guest, source, contexts);
  return stage === undefined ? entriesWalked(guest, source, iova) : walkStage(guest, stage, iova);
}

/** Whether a leaf larger than 4 KiB has pages of the interrupt range among others. */
export function overlapsInterrupts({ leaf }: Seen): boolean {
  if (leaf === undefined || leaf.length === 4096n) return false;
  const interrupts = BigInt(interruptPages.first) << 12n;
  return leaf.base <= interrupts && interrupts < leaf.base + leaf.length;
}

/** Whether an address lies in the interrupt range. */
export const isInterrupt = (address: bigint): boolean => isInterruptPage(pageOf(address));
