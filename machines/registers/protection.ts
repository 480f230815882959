import { compileChart } from "../compile-chart.ts";

/** PMEN.PRS: whether the regions are protected. */
export type ProtectionState = "disabled" | "enabled";

/** What software asks of the protected memory regions through PMEN.EPM. */
export type ProtectionStimulus = { readonly type: "Enable" } | { readonly type: "Disable" };

type Told = "ProtectedMemoryEnabled" | "ProtectedMemoryDisabled";

/** Protected memory regions: DMA that is not translated does not reach them. */
export const protection = compileChart<ProtectionState, ProtectionStimulus, Told>()({
  id: "protected memory",
  initial: "disabled",
  states: {
    disabled: { on: { Enable: { target: "enabled", actions: "ProtectedMemoryEnabled" } } },
    enabled: { on: { Disable: { target: "disabled", actions: "ProtectedMemoryDisabled" } } },
  },
});
