import type { SourceId } from "../../events/address.ts";
import type { PageResponse } from "../../events/fact.ts";
import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellOf } from "../definition.ts";

/** What a device has asked of a group: nothing, a part, all, so that it waits for the answer. */
export type PageGroupState = "idle" | "collecting" | "awaiting";

/** What the chart reads of a group. */
export interface PageGroupUnit {
  /** Of the requests that are in it; of an idle one, nothing. */
  readonly pasid: number | undefined;
}

interface Request {
  readonly type: "Request";
  readonly pasid: number | undefined;
  readonly last: boolean;
  readonly requested: FieldsOf<"PageRequested">;
}
interface Respond {
  readonly type: "Respond";
  readonly device: SourceId;
  readonly pasid: number | undefined;
  readonly group: number;
  readonly response: PageResponse;
  /** The unit answers by itself. */
  readonly automatic: boolean;
}

interface StopMarker {
  readonly type: "StopMarker";
  readonly pasid: number | undefined;
}

/**
 * A device asks for a page as a part of a group, or says that it has stopped using a PASID; the
 * group is answered.
 */
export type PageGroupStimulus = Request | StopMarker | Respond;

type Told = "InputRefused" | "PageRequested" | "PageGroupAnswered" | "PageGroupIgnored";

type On<Stimulus> = Given<Stimulus, PageGroupUnit>;

const named = ({ device, pasid, group }: Respond) => ({
  device,
  ...(pasid === undefined ? {} : { pasid }),
  group,
});
const requested = tell("PageRequested", ({ event }: On<Request>) => event.requested);
const ignored = { actions: tell("PageGroupIgnored", ({ event }: On<Respond>) => named(event)) };
const answered = tell("PageGroupAnswered", ({ event }: On<Respond>) => ({
  ...named(event),
  response: event.response,
  ...(event.automatic ? { automatic: true } : {}),
}));
const refusal = (why: string) => tellOf("InputRefused", { why: `page request: ${why}` });
const taken = {
  guard: "isOther",
  actions: refusal("its group is in use for another PASID"),
} as const;
const request = [
  { guard: "isLast", target: "awaiting", actions: requested },
  { target: "collecting", actions: requested },
] as const;

/**
 * One group of page requests as its device sees it: nothing asked, still asking, waiting for the
 * answer. Another PASID's of the same number is not the group.
 */
export const pageGroup = compileChart<PageGroupState, PageGroupStimulus, Told, PageGroupUnit>()({
  id: "page group",
  initial: "idle",
  guards: {
    isLast: ({ event }: On<{ readonly last: boolean }>) => event.last,
    isOther: ({ event, context }: On<{ readonly pasid?: number | undefined }>) =>
      event.pasid !== context.pasid,
  },
  states: {
    idle: { on: { Request: request, Respond: ignored } },
    collecting: { on: { Request: [taken, ...request], StopMarker: taken, Respond: ignored } },
    awaiting: {
      on: {
        Request: [taken, { actions: refusal("its group waits for the answer") }],
        StopMarker: taken,
        Respond: [
          { guard: "isOther", ...ignored },
          { target: "idle", actions: answered },
        ],
      },
    },
  },
});
