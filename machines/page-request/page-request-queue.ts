import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Queued = Omit<FactOf<"PageRequestQueued">, "type">;
type Dropped = Omit<FactOf<"PageRequestDropped">, "type">;

interface Request {
  readonly type: "Request";
  /** The tail would reach the head. */
  readonly full: boolean;
  readonly queued: Queued;
  readonly dropped: Dropped;
}

/** A valid page request arrives; software clears PPR or PRO. */
export type PageRequestQueueStimulus =
  | Request
  | { readonly type: "ClearPending" }
  | { readonly type: "ClearOverflow" };

const queued = {
  type: "PageRequestQueued",
  params: ({ event }: { event: Request }) => event.queued,
} as const;
const dropped = {
  type: "PageRequestDropped",
  params: ({ event }: { event: Request }) => event.dropped,
} as const;
const overflow = ["PageRequestsOverflowed", dropped] as const;

/** The page request queue by PPR and PRO: nothing new, something new; overflowed, either way. */
export const pageRequestQueueMachine = setup({
  types: { events: {} as PageRequestQueueStimulus },
  guards: { isFull: ({ event }) => event.type === "Request" && event.full },
  actions: {
    PageRequestQueued: (_, _params: Queued) => {},
    PageRequestDropped: (_, _params: Dropped) => {},
    PageRequestsOverflowed: () => {},
    PageRequestsCleared: () => {},
    PageRequestOverflowCleared: () => {},
  },
}).createMachine({
  id: "page request queue",
  initial: "quiet",
  states: {
    quiet: {
      on: {
        Request: [
          { guard: "isFull", target: "overflowed", actions: overflow },
          { target: "pending", actions: queued },
        ],
      },
    },
    pending: {
      on: {
        Request: [
          { guard: "isFull", target: "overflowedPending", actions: overflow },
          { actions: queued },
        ],
        ClearPending: { target: "quiet", actions: "PageRequestsCleared" },
      },
    },
    overflowed: {
      on: {
        Request: { actions: dropped },
        ClearOverflow: { target: "quiet", actions: "PageRequestOverflowCleared" },
      },
    },
    overflowedPending: {
      on: {
        Request: { actions: dropped },
        ClearPending: { target: "overflowed", actions: "PageRequestsCleared" },
        ClearOverflow: { target: "pending", actions: "PageRequestOverflowCleared" },
      },
    },
  },
});

export const pageRequestQueue = compileChart(pageRequestQueueMachine);
