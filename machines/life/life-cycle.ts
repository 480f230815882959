import type { OperationResult } from "../../events/fact.ts";
import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

/** Whether the guest has a unit; there is at most one. */
export type LifeCycleState = "absent" | "present";

/** What the toolstack asks for; `failure` is the error code of what is wrong with the request. */
interface Asked {
  readonly failure: OperationResult | undefined;
}
interface Create extends Asked {
  readonly type: "Create";
  /** The unit that is to be; there is one unless the request fails. */
  readonly created: FieldsOf<"UnitCreated"> | undefined;
}
interface Query extends Asked {
  readonly type: "Query";
  /** What a unit may have. */
  readonly caps: bigint;
}
interface Destroy extends Asked {
  readonly type: "Destroy";
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
  | Create
  | Query
  | Destroy
  | Save
  | Restore
  | { readonly type: "Reset" }
  | { readonly type: "Access" };

type Told =
  | ("InputRefused" | "UnitCreated" | "UnitDestroyed" | "UnitOperationAnswered")
  | ("UnitWasReset" | "UnitSaved" | "UnitRestored");

type Operation = FieldsOf<"UnitOperationAnswered">["operation"];

const answer = (operation: Operation, result: OperationResult) =>
  tellOf("UnitOperationAnswered", { operation, result });
const fails = (operation: Operation) =>
  ({
    guard: "failed",
    actions: tell("UnitOperationAnswered", ({ event }: Given<Asked>) => ({
      operation,
      result: event.failure ?? "0",
    })),
  }) as const;
const created = tell(
  "UnitCreated",
  ({ event }: Given<Create>) => event.created as FieldsOf<"UnitCreated">,
);
const identified = tellOf("UnitOperationAnswered", {
  ...{ operation: "create", result: "0" },
  id: 0,
} as const);
const told = tell("UnitOperationAnswered", ({ event }: Given<Query>) => ({
  ...({ operation: "query", result: "0" } as const),
  caps: event.caps,
}));
const saved = tell("UnitSaved", ({ event }: Given<Save>) => ({ record: event.record }));
const restored = tell("UnitRestored", ({ event }: Given<Restore>) => ({ record: event.record }));
const unfit = {
  guard: "unfit",
  actions: tell("InputRefused", ({ event }: Given<Restore>) => ({ why: event.why ?? "" })),
} as const;
const missing = { actions: tellOf("InputRefused", { why: "the guest has no unit" }) } as const;
const query = [fails("query"), { actions: told }] as const;

/** A guest's unit as the toolstack sees it. */
export const lifeCycle = compileChart<LifeCycleState, LifeCycleStimulus, Told>()({
  id: "unit life cycle",
  initial: "present",
  guards: {
    failed: ({ event }: Given<Asked>) => event.failure !== undefined,
    unfit: ({ event }: Given<Restore>) => event.why !== undefined,
  },
  states: {
    absent: {
      on: {
        Create: [fails("create"), { target: "present", actions: [created, identified] }],
        Query: query,
        Destroy: [fails("destroy"), { actions: answer("destroy", "-EINVAL") }],
        Reset: missing,
        Save: missing,
        Restore: missing,
        Access: missing,
      },
    },
    present: {
      on: {
        Create: { actions: answer("create", "-E2BIG") },
        Query: query,
        Destroy: [
          fails("destroy"),
          { target: "absent", actions: ["UnitDestroyed", answer("destroy", "0")] },
        ],
        Reset: { actions: "UnitWasReset" },
        Save: { actions: saved },
        Restore: [unfit, { actions: restored }],
      },
    },
  },
});
