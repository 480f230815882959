import { hex } from "../../events/address.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Deviation } from "./deviation.ts";

/** PP of a fault record, and PV with it. */
const hasPasid = 1n << 95n;
const pasidOfRecord = hasPasid | (0xf_ffffn << 104n);

/** Reasons of scalable mode, by those of legacy mode. */
const scalableReasons: ReadonlyMap<number, number> = new Map([
  ...([
    [0x1, 0x39],
    [0x2, 0x41],
    [0x8, 0x38],
    [0x9, 0x40],
    [0xa, 0x3a],
    [0xb, 0x42],
    [0x5b, 0x59],
  ] as const),
]);

/** Accessed and dirty bits of a first-stage entry, in its lower half. */
const [accessedBit, dirtyBit] = [0x20, 0x40];

/** Deviations of QEMU in scalable mode. */
export const scalableDeviations: readonly Deviation[] = [
  {
    id: "scalable-reasons",
    explains: ({ what, target, model, allowed = [], world, input, facts }) => {
      const legacy = /^fault (0x[0-9a-f]+)$/.exec(target)?.[1];
      const scalable = scalableReasons.get(Number(legacy ?? 0));
      if (what !== "dma" || scalable === undefined) return undefined;
      const wanted = `fault ${hex(scalable)}`;
      if (!model.startsWith(wanted)) return allowed.includes(wanted) ? "end" : undefined;
      const told = facts.map((fact) =>
        fact.type === "FaultRecorded" ? { ...fact, reason: Number(legacy) } : fact,
      );
      const [guest] = told.reduce(evolve, evolve(world, input)).guests;
      return guest && { guest, facts: told };
    },
  },
  {
    id: "first-stage-width",
    explains: ({ what, target, input, before, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || !before.profile.flts) return undefined;
      const upper = input.iova >> 38n;
      const isNarrow = upper === 0n || upper === (1n << 26n) - 1n;
      const isRefused = target === "fault 0x80" || target === "blocked";
      return isRefused && !isNarrow && !allowed.includes("fault 0x80") ? "end" : undefined;
    },
  },
  {
    id: "execute-disable-ignored",
    explains: ({ what, target, before, allowed = [] }) =>
      what === "dma" &&
      before.profile.flts &&
      target.startsWith("page ") &&
      (allowed.includes("fault 0x72") || allowed.includes("blocked"))
        ? "end"
        : undefined,
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
