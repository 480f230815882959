import type { Deviation } from "../../target/deviation.ts";
import { doneByQemu } from "./scalable-outcome.ts";

/**
 * Deviations of QEMU in how it reads the tables of scalable mode. Each explains DMA with which the
 * target did what QEMU does by the tables and what it remembers of them, if the deviation took part
 * in that.
 */
export const pasidDeviations: readonly Deviation[] = [
  "root-other-half",
  "context-reserved-unsuppressed",
  "context-reserved-ignored",
  "pass-through-kept",
  "pasid-reserved-ignored",
  "pasid-fpd-ignored",
  "pasid-presence-ignored",
  "pasid-type-ignored",
  "pasid-type-unchecked",
  "pasid-entry-unread",
  "table-in-device-memory",
  "first-stage-width",
  "execute-disable-ignored",
  "superpage-interrupt-range",
  "first-stage-order",
].map((id) => ({
  id,
  explains: (situation) => {
    const { met, isDone } = doneByQemu(situation);
    return isDone && met.has(id) ? "end" : undefined;
  },
}));
