import { compileChart } from "../compile-chart.ts";
import type { Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

/** Whether a root pointer is latched, and whether requests are translated by it. */
export type TranslationState = "noPointer" | "disabled" | "enabled";

interface SetRootPointer {
  readonly type: "SetRootPointer";
  /** RTADDR. A table mode that the unit has not is latched too: its requests fault. */
  readonly value: bigint;
}

/** What software asks of translation through GCMD. */
export type TranslationStimulus =
  | SetRootPointer
  | { readonly type: "Enable" }
  | { readonly type: "Disable" };

type Told = "InputRefused" | "RootPointerLatched" | "TranslationEnabled" | "TranslationDisabled";

const latched = tell("RootPointerLatched", ({ event }: Given<SetRootPointer>) => ({
  value: event.value,
}));
const refused = tellOf("InputRefused", {
  why: "translation is enabled before a root pointer is set",
});

/** Translation enable and the root pointer: GCMD.TE and SRTP. */
export const translation = compileChart<TranslationState, TranslationStimulus, Told>()({
  id: "translation",
  initial: "noPointer",
  states: {
    noPointer: {
      on: {
        SetRootPointer: { target: "disabled", actions: latched },
        Enable: { actions: refused },
      },
    },
    disabled: {
      on: {
        SetRootPointer: { actions: latched },
        Enable: { target: "enabled", actions: "TranslationEnabled" },
      },
    },
    enabled: {
      on: {
        SetRootPointer: { actions: latched },
        Disable: { target: "disabled", actions: "TranslationDisabled" },
      },
    },
  },
});
