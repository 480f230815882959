import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

interface Command {
  /** GCMD.QIE took effect: commands go through the queue. */
  readonly queueEnabled: boolean;
  /** 1 global, 2 domain, 3 device or page; 0 is reserved. */
  readonly granularity: number;
}
interface ContextCommand extends Command {
  readonly type: "ContextCommand";
  readonly scope: FieldsOf<"ContextInvalidated">;
}
interface IotlbCommand extends Command {
  readonly type: "IotlbCommand";
  readonly scope: FieldsOf<"IotlbInvalidated">;
  /** AM of a page-selective command, else 0, and CAP.MAMV, the largest that is allowed. */
  readonly am: number;
  readonly mamv: number;
}

/** A write to CCMD with ICC, or to IOTLB with IVT. */
export type RegisterCommandStimulus = ContextCommand | IotlbCommand;

type Told = "InputRefused" | "ContextInvalidated" | "IotlbInvalidated";

const refuse = <Name extends string>(guard: Name, why: string) =>
  ({ guard, actions: tellOf("InputRefused", { why }) }) as const;
const whileQueued = refuse(
  "queueEnabled",
  "a register-based invalidation while the queue is enabled",
);
const reserved = refuse(
  "reservedGranularity",
  "a register-based invalidation of reserved granularity",
);
const tooMany = refuse(
  "beyondMamv",
  "a page-selective invalidation of more pages than CAP.MAMV allows",
);

/**
 * Register-based invalidation: what is allowed, in the order of checks. The unit is done before
 * software can look, so there is one state.
 */
export const registerCommand = compileChart<"idle", RegisterCommandStimulus, Told>()({
  id: "register-based invalidation",
  initial: "idle",
  guards: {
    queueEnabled: ({ event }: Given<Command>) => event.queueEnabled,
    reservedGranularity: ({ event }: Given<Command>) => event.granularity === 0,
    beyondMamv: ({ event }: Given<IotlbCommand>) => event.am > event.mamv,
  },
  states: {
    idle: {
      on: {
        ContextCommand: [
          whileQueued,
          reserved,
          {
            actions: tell("ContextInvalidated", ({ event }: Given<ContextCommand>) => event.scope),
          },
        ],
        IotlbCommand: [
          whileQueued,
          reserved,
          tooMany,
          { actions: tell("IotlbInvalidated", ({ event }: Given<IotlbCommand>) => event.scope) },
        ],
      },
    },
  },
});
