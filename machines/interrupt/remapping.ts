import { compileChart } from "../compile-chart.ts";
import type { Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

/** Whether an interrupt table is latched, and whether requests are remapped by it. */
export type RemappingState = "noTable" | "disabled" | "enabled";

interface SetTable {
  readonly type: "SetTable";
  /** IRTA. */
  readonly value: bigint;
}

/** What software asks of interrupt remapping through GCMD. */
export type RemappingStimulus =
  | SetTable
  | { readonly type: "Enable" }
  | { readonly type: "Disable" };

type Told =
  | ("InputRefused" | "InterruptTableLatched")
  | ("InterruptRemappingEnabled" | "InterruptRemappingDisabled");

const latched = tell("InterruptTableLatched", ({ event }: Given<SetTable>) => ({
  value: event.value,
}));
const refused = tellOf("InputRefused", {
  why: "interrupt remapping is enabled before its table is set",
});

/** Interrupt remapping enable and its table: GCMD.IRE and SIRTP. */
export const remapping = compileChart<RemappingState, RemappingStimulus, Told>()({
  id: "interrupt remapping",
  initial: "noTable",
  states: {
    noTable: {
      on: { SetTable: { target: "disabled", actions: latched }, Enable: { actions: refused } },
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
