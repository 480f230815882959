import type { SmallCase } from "../select/case.ts";
import { interruptsByHand } from "./interrupts.ts";
import { legacyByHand } from "./legacy.ts";
import { mistakesByHand } from "./mistakes.ts";
import { pasidMistakes } from "./pasid-mistakes.ts";
import { queueMistakes } from "./queue-mistakes.ts";
import { registersByHand } from "./registers.ts";
import { requestMistakes } from "./request-mistakes.ts";
import { scalableByHand } from "./scalable.ts";
import { tableMistakes } from "./table-mistakes.ts";

/** The cases that were written by hand, where generated programs do not reach. */
export const byHand: readonly SmallCase[] = [
  ...legacyByHand,
  ...registersByHand,
  ...interruptsByHand,
  ...scalableByHand,
  ...mistakesByHand,
  ...tableMistakes,
  ...pasidMistakes,
  ...queueMistakes,
  ...requestMistakes,
];
