import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Delivered = FactOf<"InterruptDelivered">;
type Posted = FactOf<"InterruptPosted">;
type Notification = FactOf<"NotificationSent">;
type Blocked = FactOf<"InterruptBlocked">;

interface Deliver {
  readonly type: "Deliver";
  readonly delivered: Delivered;
}
interface Post {
  readonly type: "Post";
  readonly posted: Posted;
  /** The notification, and whether it is sent: none is outstanding, and it is not suppressed. */
  readonly notification: Notification;
  readonly notifies: boolean;
}
interface Block {
  readonly type: "Block";
  readonly blocked: Blocked;
}

/** What becomes of an interrupt request. */
export type InterruptStimulus = Deliver | Post | Block;

const delivered = {
  type: "InterruptDelivered",
  params: ({ event }: { event: Deliver }) => event.delivered,
} as const;
const posted = {
  type: "InterruptPosted",
  params: ({ event }: { event: Post }) => event.posted,
} as const;
const notification = {
  type: "NotificationSent",
  params: ({ event }: { event: Post }) => event.notification,
} as const;
const blocked = {
  type: "InterruptBlocked",
  params: ({ event }: { event: Block }) => event.blocked,
} as const;

/** One interrupt request: requested; delivered, posted with or without notification, or blocked. */
export const interruptMachine = setup({
  types: { events: {} as InterruptStimulus },
  guards: { notifies: ({ event }) => event.type === "Post" && event.notifies },
  actions: {
    InterruptDelivered: (_, _params: Delivered) => {},
    InterruptPosted: (_, _params: Posted) => {},
    NotificationSent: (_, _params: Notification) => {},
    InterruptBlocked: (_, _params: Blocked) => {},
  },
}).createMachine({
  id: "interrupt request",
  initial: "requested",
  states: {
    requested: {
      on: {
        Deliver: { target: "delivered", actions: delivered },
        Post: [
          { guard: "notifies", target: "notified", actions: [posted, notification] },
          { target: "posted", actions: posted },
        ],
        Block: { target: "blocked", actions: blocked },
      },
    },
    delivered: {},
    posted: {},
    notified: {},
    blocked: {},
  },
});

export const interrupt = compileChart(interruptMachine);
