import type { SmallCase } from "../select/case.ts";
import { interruptsByHand } from "./interrupts.ts";
import { legacyByHand } from "./legacy.ts";
import { mistakesByHand } from "./mistakes.ts";
import { registersByHand } from "./registers.ts";
import { scalableByHand } from "./scalable.ts";

/** The cases that were written by hand, where generated programs do not reach. */
export const byHand: readonly SmallCase[] = [
  ...legacyByHand,
  ...registersByHand,
  ...interruptsByHand,
  ...scalableByHand,
  ...mistakesByHand,
];
