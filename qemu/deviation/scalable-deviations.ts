import { hex } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Deviation } from "../../target/deviation.ts";
import { meantBy, reasonIn } from "./reasons.ts";

/** PP of a fault record, and PV with it. */
const hasPasid = FaultRecord.mask("pp");
const pasidOfRecord = hasPasid | FaultRecord.mask("pv");

/** Accessed and dirty bits of a first-stage entry, in its lower half. */
const usedBits = Number(FirstStageEntry.mask("a") | FirstStageEntry.mask("d"));

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
    explains: ({ what, target, model, before, address }) => {
      if (what !== "memory" && what !== "data") return undefined;
      if (!before.profile.flts || address === undefined) return undefined;
      const [found, wanted] = [Number(target), Number(model)];
      const isLower = (wanted & 1) !== 0 && address % 8 === 0;
      return isLower && ((found ^ wanted) & ~usedBits) === 0 ? "goOn" : undefined;
    },
  },
];
