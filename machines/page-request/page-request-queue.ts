import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellWith } from "../definition.ts";

/** PRS.PPR and PRS.PRO: whether there is something new, and whether a request found no room. */
export type PageRequestQueueState = "quiet" | "pending" | "overflowed" | "overflowedPending";

/** What the facts say of a page request. */
type Said = Omit<FieldsOf<"PageRequestQueued">, "tail">;

interface Request {
  readonly type: "Request";
  readonly said: Said;
  /** Byte offsets in the queue, its size in bytes, and that of a request. */
  readonly head: number;
  readonly tail: number;
  readonly size: number;
  readonly bytes: number;
}
interface Arrive {
  readonly type: "Arrive";
  readonly said: Said;
  /** ECAP.PRS. */
  readonly supported: boolean;
  readonly translating: boolean;
  /** The host keeps the device from memory. */
  readonly keptOut: boolean;
  /** Why its entries let nobody ask for pages; 0 if they do, or nobody looked yet. */
  readonly fault: number;
}

/** A page request arrives; it is valid, and there may be room; software clears PPR or PRO. */
export type PageRequestQueueStimulus =
  | Arrive
  | Request
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
const droppedAs = (why: "unsupported" | "off" | "keptOut") => ({
  actions: tellWith("PageRequestDropped", { why }, ({ event }: Given<Arrive>) => event.said),
});
const faulted = tell("PageRequestDropped", ({ event }: Given<Arrive>) => ({
  ...event.said,
  reason: event.fault,
}));
const overflow = ["PageRequestsOverflowed", dropped] as const;

/**
 * The page request queue by PPR and PRO: nothing new, something new; overflowed, either way. A
 * request that arrives tells nothing if it may go on to the queue.
 */
export const pageRequestQueue = compileChart<
  PageRequestQueueState,
  PageRequestQueueStimulus,
  Told
>()({
  id: "page request queue",
  initial: "quiet",
  guards: {
    isFull: ({ event }: Given<Request>) => nextTail(event) === event.head,
    isUnsupported: ({ event }: Given<Arrive>) => !event.supported,
    isOff: ({ event }: Given<Arrive>) => !event.translating,
    isKeptOut: ({ event }: Given<Arrive>) => event.keptOut,
    hasFault: ({ event }: Given<Arrive>) => event.fault !== 0,
  },
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
  on: {
    Arrive: [
      { guard: "isUnsupported", ...droppedAs("unsupported") },
      { guard: "isOff", ...droppedAs("off") },
      { guard: "isKeptOut", ...droppedAs("keptOut") },
      { guard: "hasFault", actions: faulted },
    ],
  },
});
