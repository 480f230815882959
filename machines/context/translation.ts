import { setup } from "xstate";
import { compileChart } from "../chart.ts";

interface SetRootPointer {
  readonly type: "SetRootPointer";
  /** RTADDR. A table mode that the unit has not is latched too: its requests fault. */
  readonly value: bigint;
}

/** What software asks of translation through GCMD. */
export type TranslationStimulus = SetRootPointer | { type: "Enable" } | { type: "Disable" };

const refusal = (why: string) => ({ type: "InputRefused", params: { why } }) as const;
const latched = {
  type: "RootPointerLatched",
  params: ({ event }: { event: SetRootPointer }) => ({ value: event.value }),
} as const;

/** Translation enable and the root pointer: GCMD.TE and SRTP. */
export const translationMachine = setup({
  types: { events: {} as TranslationStimulus },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    RootPointerLatched: (_, _params: { value: bigint }) => {},
    TranslationEnabled: () => {},
    TranslationDisabled: () => {},
  },
}).createMachine({
  id: "translation",
  initial: "noPointer",
  states: {
    noPointer: {
      on: {
        SetRootPointer: { target: "disabled", actions: latched },
        Enable: { actions: refusal("translation is enabled before a root pointer is set") },
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

export const translation = compileChart(translationMachine);
