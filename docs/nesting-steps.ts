import type { Input } from "../events/input.ts";
import type { Inputs } from "../properties/examples/given.ts";

/** A note. */
export const note = (text: string): Input => ({ type: "Note", text });

/** A DMA, and the guest page that it is to reach or the reason of its fault. */
const expected = (dma: Input, observed: { gpa: bigint } | { reason: number }): Input =>
  ({ ...dma, observed }) as Input;
export const reaches = (dma: Input, gpa: bigint): Input => expected(dma, { gpa });
export const faults = (dma: Input, reason: number): Input => expected(dma, { reason });

/** What the guest reads of the unit before it uses it. */
export const looks: Inputs = [
  note("The guest reads what the unit can do: VER, CAP, ECAP."),
  { type: "RegisterRead", offset: 0, size: 4 },
  { type: "RegisterRead", offset: 8, size: 8 },
  { type: "RegisterRead", offset: 16, size: 8 },
];
