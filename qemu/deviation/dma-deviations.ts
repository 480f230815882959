import { hex, pageOf } from "../../events/address.ts";
import { ContextEntry, contextReserved } from "../../events/context-entry.ts";
import { SecondStageEntry } from "../../events/second-stage-entry.ts";
import type { ContextStep } from "../../machines/context.ts";
import { resolve } from "../../machines/resolve.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host-entry.ts";
import type { Deviation } from "./deviation.ts";
import { nothing } from "./deviation.ts";
import { usesOf } from "./past.ts";
import { isScalable } from "./reasons.ts";
import { entriesRead, overlapsInterrupts, walksOf } from "./table-view.ts";

/** What an address beyond the width of addresses comes to: a fault, recorded or not. */
const tooWide: ReadonlySet<string> = new Set(["fault 0x4", "fault 0x83", "blocked"]);

/** Bit 62 of a second-stage entry, and what a reserved bit there comes to in either mode. */
const transient = SecondStageEntry.mask("tm");
const snooped = SecondStageEntry.mask("snp");
const reservedFaults: ReadonlySet<string> = new Set(["fault 0xc", "fault 0x7a", "blocked"]);

/** The context entry of a source-id in memory. */
const contextRead = (guest: Guest, source: number): ContextStep | undefined =>
  entriesRead(guest, source).find(({ table }) => table === "context");

/** Deviations of QEMU in where DMA goes and what is reported of it. */
export const dmaDeviations: readonly Deviation[] = [
  {
    id: "iotlb-permission",
    explains: ({ what, input, before, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const uses = usesOf(past, source, input.iova, reached);
      const access = input.access ?? "read";
      return uses.some(({ allows }) => !allows[access]) ? nothing(before) : undefined;
    },
  },
  {
    id: "iotlb-source-tag",
    explains: ({ what, input, before, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const did = hostAt(before.hosts, source, undefined)?.did;
      const uses = usesOf(past, source, input.iova, reached);
      const access = input.access ?? "read";
      return uses.some((use) => use.did !== did && use.allows[access]) ? "end" : undefined;
    },
  },
  {
    id: "superpage-interrupt-range",
    explains: ({ what, target, input, before, past, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma") return undefined;
      if (!["fault 0xe", "fault 0x87", "blocked"].includes(target)) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const walks = walksOf(before, source, input.iova, past.contexts);
      const leaves = walks.flatMap(({ seen }) => seen.slice(-1));
      const isNear = leaves.some(overlapsInterrupts);
      return isNear && allowed.some((each) => each.startsWith("page ")) ? "end" : undefined;
    },
  },
  {
    id: "transient-mapping-reserved",
    explains: ({ what, target, before, past, input }) => {
      if (what !== "dma" || input.type !== "Dma" || !reservedFaults.has(target)) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const all = walksOf(before, source, input.iova, past.contexts);
      const walks = all.filter(({ isFirst }) => !isFirst);
      const isSet = walks.some(({ seen }) => seen.some(({ entry }) => (entry & transient) !== 0n));
      return isSet ? "end" : undefined;
    },
  },
  {
    id: "snoop-ignored",
    explains: ({ what, target, before, past, input, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || !target.startsWith("page ")) return undefined;
      if (before.profile.snoop || !isScalable(before)) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const walks = walksOf(before, source, input.iova, past.contexts);
      const isSet = walks.some(({ isFirst, seen }) => {
        const last = seen.at(-1);
        return !isFirst && last?.leaf !== undefined && (last.entry & snooped) !== 0n;
      });
      return isSet && allowed.some((each) => reservedFaults.has(each)) ? "end" : undefined;
    },
  },
  {
    id: "context-reserved-unsuppressed",
    explains: ({ what, target, before, input, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || target !== "fault 0xb") return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const { entry = 0n } = contextRead(before, source) ?? {};
      const isReserved = (entry & contextReserved(before.profile)) !== 0n;
      const { fpd } = ContextEntry.decode(entry);
      return isReserved && fpd && allowed.includes("blocked") ? "end" : undefined;
    },
  },
  {
    id: "fault-event-kept",
    explains: ({ register, input, after, facts, before, world }) => {
      if (register?.name !== "FECTL" || input.type !== "RegisterWrite") return undefined;
      const { fro, nfr } = before.profile;
      const isRecord = input.offset >= fro && input.offset < fro + 16 * nfr;
      const isUnpended = facts.some(
        (fact) => fact.type === "EventUnpended" && fact.line === "fault",
      );
      if (!isRecord || !isUnpended) return undefined;
      const kept = evolve({ ...world, guests: [after] }, { type: "EventPended", line: "fault" });
      const [guest] = kept.guests;
      return guest && { guest, facts };
    },
  },
  {
    id: "pass-through-width",
    explains: ({ what, input, before, past, reached, target, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma") return undefined;
      if (reached !== undefined && reached !== input.iova) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const isUnchanged = target === `page ${hex(pageOf(input.iova))}`;
      const isBeyond = input.iova >> BigInt(before.profile.mgaw) !== 0n;
      const isRefused = allowed.some((each) => tooWide.has(each));
      const isPassed =
        past.contexts.passing.has(source) ||
        resolve(before, source, undefined).kind === "passThrough" ||
        hostAt(before.hosts, source, undefined)?.state === "passThrough";
      return isUnchanged && isBeyond && isRefused && isPassed ? nothing(before) : undefined;
    },
  },
];
