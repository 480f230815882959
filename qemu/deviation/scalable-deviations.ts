import { hex } from "../../events/address.ts";
import { PasidEntry } from "../../events/pasid-entry.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Deviation } from "./deviation.ts";
import { meantBy, reasonIn } from "./reasons.ts";
import { entriesRead, entriesWalked } from "./table-view.ts";

/** PP of a fault record, and PV with it. */
const hasPasid = 1n << 95n;
const pasidOfRecord = hasPasid | (0xf_ffffn << 104n);

/** Accessed and dirty bits of a first-stage entry, in its lower half. */
const [accessedBit, dirtyBit] = [0x20, 0x40];

/** Whether the bits of an address above a width are copies of the highest below it. */
function isCanonical(iova: bigint, width: number): boolean {
  const upper = iova >> BigInt(width - 1);
  return upper === 0n || upper === (1n << BigInt(65 - width)) - 1n;
}

/** Deviations of QEMU in scalable mode. */
export const scalableDeviations: readonly Deviation[] = [
  {
    id: "scalable-reasons",
    explains: ({ what, target, model, allowed = [], world, input, facts, before }) => {
      const given = reasonIn(target);
      if (what !== "dma" || given === undefined) return undefined;
      const meant = meantBy(before, given).map((reason) => `fault ${hex(reason)}`);
      if (!meant.some((each) => model === each || model.startsWith(`${each} `))) {
        return meant.some((each) => allowed.includes(each)) ? "end" : undefined;
      }
      const told = facts.map((fact) =>
        fact.type === "FaultRecorded" ? { ...fact, reason: given } : fact,
      );
      const [guest] = told.reduce(evolve, evolve(world, input)).guests;
      return guest && { guest, facts: told };
    },
  },
  {
    id: "first-stage-width",
    explains: ({ what, target, input, before, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || !before.profile.flts) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const read = entriesRead(before, source).find(({ table }) => table === "PASID entry");
      if (read?.entry === undefined || allowed.includes("fault 0x80")) return undefined;
      const { aw } = PasidEntry.decode(read.entry);
      const isRefused = target === "fault 0x80" || target === "blocked";
      return isRefused && !isCanonical(input.iova, 30 + 9 * aw) ? "end" : undefined;
    },
  },
  {
    id: "execute-disable-ignored",
    explains: ({ what, target, input, before, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || !target.startsWith("page ")) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const walk = entriesWalked(before, source, input.iova);
      const isRight = allowed.includes("fault 0x72") || allowed.includes("blocked");
      const isSet = walk?.seen.some(({ entry }) => entry >> 63n === 1n) === true;
      return isRight && walk?.isFirst === true && !walk.nxe && isSet ? "end" : undefined;
    },
  },
  {
    id: "fault-record-pasid",
    explains: ({ register, before }) => {
      if (register === undefined || !register.name.startsWith("FRCD")) return undefined;
      const differing = register.model ^ register.target;
      const isPasid = (differing & ~pasidOfRecord) === 0n && (differing & hasPasid) !== 0n;
      return isPasid && before.profile.smts ? "goOn" : undefined;
    },
  },
  {
    id: "dirty-not-set",
    explains: ({ what, target, model, before }) => {
      if (what !== "memory" || !before.profile.flts) return undefined;
      const [found, wanted] = [Number(target), Number(model)];
      const isUsed = (wanted & 1) !== 0;
      return isUsed && ((found ^ wanted) & ~(accessedBit | dirtyBit)) === 0 ? "goOn" : undefined;
    },
  },
];
