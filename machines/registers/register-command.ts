import { setup } from "xstate";
import { compileChart } from "../chart.ts";

interface Command {
  readonly type: "Command";
  readonly queueEnabled: boolean;
  /** 1 global, 2 domain, 3 device or page; 0 is reserved. */
  readonly granularity: number;
  /** The invalidation that is asked for, as the fact that it becomes. */
  readonly fact: object;
}
interface ContextCommand extends Omit<Command, "type"> {
  readonly type: "ContextCommand";
}
interface IotlbCommand extends Omit<Command, "type"> {
  readonly type: "IotlbCommand";
}

/** A write to CCMD with ICC, or to IOTLB with IVT. */
export type CommandStimulus = ContextCommand | IotlbCommand;

const refusal = (why: string) => ({ type: "InputRefused", params: { why } }) as const;
const asked = ({ event }: { event: CommandStimulus }) => event.fact;
const refuseQueue = {
  guard: "queueEnabled",
  actions: refusal("a register-based invalidation while the queue is enabled"),
} as const;
const refuseReserved = {
  guard: "reservedGranularity",
  actions: refusal("a register-based invalidation of reserved granularity"),
} as const;

/**
 * Register-based invalidation. The unit is done before software can look, so there is one state.
 */
export const commandMachine = setup({
  types: { events: {} as CommandStimulus },
  guards: {
    queueEnabled: ({ event }) => event.queueEnabled,
    reservedGranularity: ({ event }) => event.granularity === 0,
  },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    ContextInvalidated: (_, _params: object) => {},
    IotlbInvalidated: (_, _params: object) => {},
  },
}).createMachine({
  id: "register-based invalidation",
  initial: "idle",
  states: {
    idle: {
      on: {
        ContextCommand: [
          refuseQueue,
          refuseReserved,
          { actions: { type: "ContextInvalidated", params: asked } },
        ],
        IotlbCommand: [
          refuseQueue,
          refuseReserved,
          { actions: { type: "IotlbInvalidated", params: asked } },
        ],
      },
    },
  },
});

export const command = compileChart(commandMachine);
