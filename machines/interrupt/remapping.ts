import { setup } from "xstate";
import { compileChart } from "../chart.ts";

interface SetTable {
  readonly type: "SetTable";
  /** IRTA. */
  readonly value: bigint;
}

/** What software asks of interrupt remapping through GCMD. */
export type RemappingStimulus = SetTable | { type: "Enable" } | { type: "Disable" };

const latched = {
  type: "InterruptTableLatched",
  params: ({ event }: { event: SetTable }) => ({ value: event.value }),
} as const;
const refusal = {
  type: "InputRefused",
  params: { why: "interrupt remapping is enabled before its table is set" },
} as const;

/** Interrupt remapping enable and its table: GCMD.IRE and SIRTP. */
export const remappingMachine = setup({
  types: { events: {} as RemappingStimulus },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    InterruptTableLatched: (_, _params: { value: bigint }) => {},
    InterruptRemappingEnabled: () => {},
    InterruptRemappingDisabled: () => {},
  },
}).createMachine({
  id: "interrupt remapping",
  initial: "noTable",
  states: {
    noTable: {
      on: { SetTable: { target: "disabled", actions: latched }, Enable: { actions: refusal } },
    },
    disabled: {
      on: {
        SetTable: { actions: latched },
        Enable: { target: "enabled", actions: "InterruptRemappingEnabled" },
      },
    },
    enabled: {
      on: {
        SetTable: { actions: latched },
        Disable: { target: "disabled", actions: "InterruptRemappingDisabled" },
      },
    },
  },
});

export const remapping = compileChart(remappingMachine);
