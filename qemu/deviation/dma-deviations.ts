import { ContextEntry, contextReserved } from "../../events/context/context-entry.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { ContextStep } from "../../hypervisor/context/entry-cursor.ts";
import { resolve } from "../../hypervisor/context/resolve.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { Deviation } from "../../target/deviation.ts";
import { nothing } from "../../target/deviation.ts";
import { pageText } from "../../target/dma-text.ts";
import { usesOf } from "../../target/past.ts";
import { entriesRead, overlapsInterrupts, walksOf } from "../../target/table-view.ts";
import { dmaDeviation } from "./dma-situation.ts";
import { doneByQemu } from "./scalable-outcome.ts";

/** What an address beyond the host's width comes to: a fault, recorded or not. */
const tooWide: ReadonlySet<string> = new Set(["fault 0x4", "fault 0x83", "blocked"]);

/** SNP of a second-stage entry, and what a reserved bit there comes to in either mode. */
const snooped = SecondStageEntry.mask("snp");
const reservedFaults: ReadonlySet<string> = new Set(["fault 0xc", "fault 0x7a", "blocked"]);

/** The context entry of a source-id in memory. */
const contextRead = (guest: Guest, source: number): ContextStep | undefined =>
  entriesRead(guest, source).find(({ table }) => table === "context");

/** Deviations of QEMU in where DMA goes. */
export const dmaDeviations: readonly Deviation[] = [
  dmaDeviation("iotlb-permission", ({ input, before, past, reached, source, access }) => {
    if (reached === undefined) return undefined;
    const uses = usesOf(past, source, input.iova, reached);
    return uses.some(({ allows }) => !allows[access]) ? nothing(before) : undefined;
  }),
  dmaDeviation("iotlb-source-tag", ({ input, before, past, reached, source, access }) => {
    if (reached === undefined) return undefined;
    const did = hostAt(before.hosts, source, undefined)?.did;
    const uses = usesOf(past, source, input.iova, reached);
    return uses.some((use) => use.did !== did && use.allows[access]) ? "end" : undefined;
  }),
  dmaDeviation("superpage-interrupt-range", (situation) => {
    const { target, input, before, past, source, allowed } = situation;
    if (!["fault 0xe", "fault 0x87", "blocked"].includes(target)) return undefined;
    const walks = walksOf(before, source, input.iova, past.contexts);
    const leaves = walks.flatMap(({ seen }) => seen.slice(-1));
    const isNear = leaves.some(overlapsInterrupts);
    return isNear && allowed.some((each) => each.startsWith("page ")) ? "end" : undefined;
  }),
  dmaDeviation("snoop-ignored", ({ target, input, before, past, source, allowed }) => {
    if (!target.startsWith("page ") || before.profile.snoop || !isScalable(before)) {
      return undefined;
    }
    const walks = walksOf(before, source, input.iova, past.contexts);
    const isSet = walks.some(({ isFirst, seen }) => {
      const last = seen.at(-1);
      return !isFirst && last?.leaf !== undefined && (last.entry & snooped) !== 0n;
    });
    return isSet && allowed.some((each) => reservedFaults.has(each)) ? "end" : undefined;
  }),
  dmaDeviation("context-reserved-unsuppressed", ({ target, before, source, allowed }) => {
    if (target !== "fault 0xb") return undefined;
    const { entry = 0n } = contextRead(before, source) ?? {};
    const isReserved = (entry & contextReserved(before.profile)) !== 0n;
    const { fpd } = ContextEntry.decode(entry);
    return isReserved && fpd && allowed.includes("blocked") ? "end" : undefined;
  }),
  dmaDeviation("pass-through-width", (situation) => {
    const { input, before, past, reached, target, source, allowed } = situation;
    if (reached !== undefined && reached !== input.iova) return undefined;
    const isUnchanged = target === pageText(input.iova);
    const isBeyond = input.iova >> BigInt(before.profile.haw) !== 0n;
    const isRefused = allowed.some((each) => tooWide.has(each));
    // 83h is what pass-through comes to: the unit may still remember that it was.
    const isPassed =
      allowed.includes("fault 0x83") ||
      past.contexts.passing.has(source) ||
      doneByQemu(situation).passes === true ||
      resolve(before, source, undefined).kind === "passThrough" ||
      hostAt(before.hosts, source, undefined)?.state === "passThrough";
    return isUnchanged && isBeyond && isRefused && isPassed ? nothing(before) : undefined;
  }),
];
