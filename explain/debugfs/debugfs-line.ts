import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";
import { startInterruptRows } from "./interrupt-rows.ts";
import { startPageRows } from "./page-rows.ts";
import { startQueueRows } from "./queue-rows.ts";
import { startRegisterRows } from "./register-rows.ts";
import { startTranslationRows } from "./translation-rows.ts";

const off: Recogniser = (words) => {
  const unit = /DMA Remapping is not enabled on (\S+)/.exec(words)?.[1];
  if (unit === undefined) return undefined;
  return {
    kind: "message",
    from: "debugfs",
    severity: "information",
    what: "translation is off",
    means: "GSTS.TES is 0: the unit translates nothing, and there are no tables to show.",
    facts: { unit },
  };
};

/** Starts to read the files below /sys/kernel/debug/iommu/intel, in any order. */
export const startDebugfs = (): Recogniser =>
  firstOf([
    off,
    startTranslationRows(),
    startPageRows(),
    startRegisterRows(),
    startQueueRows(),
    startInterruptRows(),
  ]);
