import { setup } from "xstate";
import { compileChart } from "../chart.ts";

/** What software asks of the protected memory regions through PMEN.EPM. */
export type ProtectionStimulus = { type: "Enable" } | { type: "Disable" };

/** Protected memory regions: DMA that is not translated does not reach them. */
export const protectionMachine = setup({
  types: { events: {} as ProtectionStimulus },
  actions: { ProtectedMemoryEnabled: () => {}, ProtectedMemoryDisabled: () => {} },
}).createMachine({
  id: "protected memory",
  initial: "disabled",
  states: {
    disabled: { on: { Enable: { target: "enabled", actions: "ProtectedMemoryEnabled" } } },
    enabled: { on: { Disable: { target: "disabled", actions: "ProtectedMemoryDisabled" } } },
  },
});

export const protection = compileChart(protectionMachine);
