import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellWith } from "../definition.ts";

/** PRS.PPR and PRS.PRO: whether there is something new, and whether a request found no room. */
export type PageRequestQueueState = "quiet" | "pending" | "overflowed" | "overflowedPending";

/** What the facts say of a page request. */
type Said = Omit<FieldsOf<"PageRequestQueued">, "tail">;
type Why = Pick<FieldsOf<"PageRequestDropped">, "reason" | "why">;

interface Request {
  readonly type: "Request";
  readonly said: Said;
  /** Byte offsets in the queue, its size in bytes, and that of a request. */
  readonly head: number;
  readonly tail: number;
  readonly size: number;
  readonly bytes: number;
}
interface Refuse {
  readonly type: "Refuse";
  readonly said: Said;
  /** Why it is no valid request. */
  readonly why: Why;
}

/** A page request arrives, one that is not valid too; software clears PPR or PRO. */
export type PageRequestQueueStimulus =
  | Request
  | Refuse
  | { readonly type: "ClearPending" }
  | { readonly type: "ClearOverflow" };

type Told =
  | ("PageRequestQueued" | "PageRequestDropped" | "PageRequestsOverflowed")
  | ("PageRequestsCleared" | "PageRequestOverflowCleared");

const nextTail = ({ tail, size, bytes }: Request): number => (tail + bytes) % size;

const queued = tell("PageRequestQueued", ({ event }: Given<Request>) => ({
  ...event.said,
  tail: nextTail(event),
}));
const dropped = tellWith(
  "PageRequestDropped",
  { why: "overflow" },
  ({ event }: Given<Request>) => event.said,
);
const refused = tell("PageRequestDropped", ({ event }: Given<Refuse>) => ({
  ...event.said,
  ...event.why,
}));
const overflow = ["PageRequestsOverflowed", dropped] as const;

/** The page request queue by PPR and PRO: nothing new, something new; overflowed, either way. */
export const pageRequestQueue = compileChart<
  PageRequestQueueState,
  PageRequestQueueStimulus,
  Told
>()({
  id: "page request queue",
  initial: "quiet",
  guards: { isFull: ({ event }: Given<Request>) => nextTail(event) === event.head },
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
  on: { Refuse: { actions: refused } },
});
