import { setup } from "xstate";
import type { FactOf, OperationResult } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Operation = "create" | "query" | "destroy";

/** What the toolstack asks for; `failure` is the error code of what is wrong with the request. */
interface Asked {
  readonly type: "Create" | "Query" | "Destroy";
  readonly operation: Operation;
  readonly failure: OperationResult | undefined;
  /** The unit that is to be; of `Create`. */
  readonly created: Omit<FactOf<"UnitCreated">, "type"> | undefined;
  /** What a unit may have; of `Query`. */
  readonly caps: bigint | undefined;
}
interface Save {
  readonly type: "Save";
  readonly record: string;
}
interface Restore {
  readonly type: "Restore";
  readonly record: string;
  /** Why the record cannot be. */
  readonly why: string | undefined;
}

/** What the toolstack does to a unit as a whole, and that the guest reaches for its registers. */
export type LifeCycleStimulus =
  | Asked
  | Save
  | Restore
  | { readonly type: "Reset" }
  | { readonly type: "Access" };

const answer = (result: OperationResult) =>
  ({
    type: "UnitOperationAnswered",
    params: ({ event }: { event: Asked }) => ({ operation: event.operation, result }),
  }) as const;
const failed = {
  guard: "failed",
  actions: {
    type: "UnitOperationAnswered",
    params: ({ event }: { event: Asked }) => ({
      operation: event.operation,
      result: event.failure ?? "0",
    }),
  },
} as const;
const created = {
  type: "UnitCreated",
  params: ({ event }: { event: Asked }) => event.created ?? {},
} as const;
const identified = {
  type: "UnitOperationAnswered",
  params: { operation: "create", result: "0", id: 0 },
} as const;
const told = {
  type: "UnitOperationAnswered",
  params: ({ event }: { event: Asked }) => ({
    operation: "query",
    result: "0",
    ...(event.caps === undefined ? {} : { caps: event.caps }),
  }),
} as const;
const saved = {
  type: "UnitSaved",
  params: ({ event }: { event: Save }) => ({ record: event.record }),
} as const;
const restored = {
  type: "UnitRestored",
  params: ({ event }: { event: Restore }) => ({ record: event.record }),
} as const;
const unfit = {
  guard: "unfit",
  actions: {
    type: "InputRefused",
    params: ({ event }: { event: Restore }) => ({ why: event.why ?? "" }),
  },
} as const;
const missing = {
  actions: { type: "InputRefused", params: { why: "the guest has no unit" } },
} as const;
const query = [failed, { actions: told }] as const;

/** A guest's unit as the toolstack sees it: there is at most one. */
export const lifeCycleMachine = setup({
  types: { events: {} as LifeCycleStimulus },
  guards: {
    failed: ({ event }) => "failure" in event && event.failure !== undefined,
    unfit: ({ event }) => event.type === "Restore" && event.why !== undefined,
  },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    UnitCreated: (_, _params: object) => {},
    UnitDestroyed: () => {},
    UnitOperationAnswered: (_, _params: { operation: string; result: string }) => {},
    UnitWasReset: () => {},
    UnitSaved: (_, _params: { record: string }) => {},
    UnitRestored: (_, _params: { record: string }) => {},
  },
}).createMachine({
  id: "unit life cycle",
  initial: "present",
  states: {
    absent: {
      on: {
        Create: [failed, { target: "present", actions: [created, identified] }],
        Query: query,
        Destroy: [failed, { actions: answer("-EINVAL") }],
        Reset: missing,
        Save: missing,
        Restore: missing,
        Access: missing,
      },
    },
    present: {
      on: {
        Create: { actions: answer("-E2BIG") },
        Query: query,
        Destroy: [failed, { target: "absent", actions: ["UnitDestroyed", answer("0")] }],
        Reset: { actions: "UnitWasReset" },
        Save: { actions: saved },
        Restore: [unfit, { actions: restored }],
      },
    },
  },
});

export const lifeCycle = compileChart(lifeCycleMachine);
