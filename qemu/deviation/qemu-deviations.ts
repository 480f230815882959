import { Iqa } from "../../events/registers/queue.ts";
import { evolve } from "../../projections/evolve.ts";
import { faultRecordIndex } from "../../projections/registers/registers.ts";
import type { Deviation, Passing } from "../../target/deviation.ts";
import { tableInDeviceMemory } from "./device-memory.ts";
import { dmaDeviations } from "./dma-deviations.ts";
import { interruptDeviations } from "./interrupt-deviations.ts";
import { pasidDeviations } from "./pasid-deviations.ts";
import { queueDeviations } from "./queue-deviations.ts";
import { scalableDeviations } from "./scalable-deviations.ts";

/** Deviations of QEMU in what its registers show. */
const registerDeviations: readonly Deviation[] = [
  {
    id: "iqa-latched",
    explains: ({ register, past }) => {
      if (register?.name !== "IQA") return undefined;
      const address = past.queueAddress & ~0xfffn;
      const kept = register.model & (Iqa.mask("qs") | Iqa.mask("dw"));
      // Some versions show DW as it was latched, or not at all.
      const rest = ~Iqa.mask("dw");
      return (register.target & rest) === ((address | kept) & rest) ? "goOn" : undefined;
    },
  },
  {
    id: "fault-event-kept",
    explains: ({ register, input, after, facts, before, world }) => {
      if (register?.name !== "FECTL" || input.type !== "RegisterWrite") return undefined;
      const isRecord = faultRecordIndex(before.profile, input.offset) !== undefined;
      const isUnpended = facts.some(
        (fact) => fact.type === "EventUnpended" && fact.line === "fault",
      );
      if (!isRecord || !isUnpended) return undefined;
      const kept = evolve({ ...world, guests: [after] }, { type: "EventPended", line: "fault" });
      const [guest] = kept.guests;
      return guest && { guest, facts };
    },
  },
];

/** Those with the same id as one, which shows in several ways. */
const merged = (all: readonly Deviation[]): readonly Deviation[] =>
  [...new Set(all.map(({ id }) => id))].map((id) => {
    const ways = all.filter((one) => one.id === id);
    return { id, explains: (situation) => firstOf(ways.map((one) => one.explains(situation))) };
  });

const firstOf = (all: readonly (Passing | undefined)[]): Passing | undefined =>
  all.find((one) => one !== undefined);

/** Every known deviation of QEMU. */
export const qemuDeviations: readonly Deviation[] = merged([
  ...registerDeviations,
  ...interruptDeviations,
  ...dmaDeviations,
  ...queueDeviations,
  ...scalableDeviations,
  tableInDeviceMemory,
  ...pasidDeviations,
]);
