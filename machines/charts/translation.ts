import { setup } from "xstate";
import { compileChart } from "../chart.ts";

interface SetRootPointer {
  readonly type: "SetRootPointer";
  /** RTADDR, and its table mode. */
  readonly value: bigint;
  readonly ttm: number;
}

/** What software asks of translation through GCMD. */
export type TranslationStimulus = SetRootPointer | { type: "Enable" } | { type: "Disable" };

const refusal = (why: string) => ({ type: "InputRefused", params: { why } }) as const;
const latched = {
  type: "RootPointerLatched",
  params: ({ event }: { event: SetRootPointer }) => ({ value: event.value }),
} as const;

const scalable = {
  guard: "scalable",
  actions: refusal("scalable mode is not modelled: the root pointer's table mode is 1"),
} as const;
const notLegacy = {
  guard: "notLegacy",
  actions: refusal("the root pointer's table mode is neither legacy nor scalable"),
} as const;

/** Translation enable and the root pointer: GCMD.TE and SRTP. */
export const translationMachine = setup({
  types: { events: {} as TranslationStimulus },
  guards: {
    scalable: ({ event }) => event.type === "SetRootPointer" && event.ttm === 1,
    notLegacy: ({ event }) => event.type === "SetRootPointer" && event.ttm > 1,
  },
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
        SetRootPointer: [scalable, notLegacy, { target: "disabled", actions: latched }],
        Enable: { actions: refusal("translation is enabled before a root pointer is set") },
      },
    },
    disabled: {
      on: {
        SetRootPointer: [scalable, notLegacy, { actions: latched }],
        Enable: { target: "enabled", actions: "TranslationEnabled" },
      },
    },
    enabled: {
      on: {
        SetRootPointer: [scalable, notLegacy, { actions: latched }],
        Disable: { target: "disabled", actions: "TranslationDisabled" },
      },
    },
  },
});

export const translation = compileChart(translationMachine);
