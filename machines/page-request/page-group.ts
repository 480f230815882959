import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Requested = Omit<FactOf<"PageRequested">, "type">;
type Answered = Omit<FactOf<"PageGroupAnswered">, "type">;
type Ignored = Omit<FactOf<"PageGroupIgnored">, "type">;

interface Request {
  readonly type: "Request";
  readonly requested: Requested;
  readonly last: boolean;
}
interface Respond {
  readonly type: "Respond";
  readonly answered: Answered;
  readonly ignored: Ignored;
}

/** A device asks for a page as a part of a group; the group is answered. */
export type PageGroupStimulus = Request | Respond;

const requested = {
  type: "PageRequested",
  params: ({ event }: { event: Request }) => event.requested,
} as const;
const ignored = {
  type: "PageGroupIgnored",
  params: ({ event }: { event: Respond }) => event.ignored,
} as const;
const request = [
  { guard: "isLast", target: "awaiting", actions: requested },
  { target: "collecting", actions: requested },
] as const;

/**
 * One group of page requests as its device sees it: nothing asked, still asking, waiting for the
 * answer.
 */
export const pageGroupMachine = setup({
  types: { events: {} as PageGroupStimulus },
  guards: { isLast: ({ event }) => event.type === "Request" && event.last },
  actions: {
    InputRefused: (_, _params: { why: string }) => {},
    PageRequested: (_, _params: Requested) => {},
    PageGroupAnswered: (_, _params: Answered) => {},
    PageGroupIgnored: (_, _params: Ignored) => {},
  },
}).createMachine({
  id: "page group",
  initial: "idle",
  states: {
    idle: { on: { Request: request, Respond: { actions: ignored } } },
    collecting: { on: { Request: request, Respond: { actions: ignored } } },
    awaiting: {
      on: {
        Request: {
          actions: {
            type: "InputRefused",
            params: { why: "page request: its group waits for the answer" },
          },
        },
        Respond: {
          target: "idle",
          actions: {
            type: "PageGroupAnswered",
            params: ({ event }: { event: Respond }) => event.answered,
          },
        },
      },
    },
  },
});

export const pageGroup = compileChart(pageGroupMachine);
