import type { Iova, SourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../compile-chart.ts";
import type { Given } from "../definition.ts";
import { tell, tellFact } from "../definition.ts";

/** Whether a request of some tag is between translation and memory. One without a tag never is. */
export type DmaRequestState = "free" | "inFlight";

interface Issue {
  readonly type: "Issue";
  readonly tag: number;
}
interface Translate {
  readonly type: "Translate";
  /** Of a request that lands later, by itself. */
  readonly tag: number | undefined;
  /** What the host's caches and tables answer, and where the request lands. */
  readonly translated: FactOf<"DmaTranslated">;
  readonly landed: FactOf<"DmaLanded">;
}
interface Block {
  readonly type: "Block";
  readonly blocked: FactOf<"DmaBlocked">;
}
interface Interrupt {
  readonly type: "Interrupt";
  readonly device: SourceId;
  readonly iova: Iova;
  readonly data: number;
}
interface Land {
  readonly type: "Land";
  readonly tag: number;
  /** What was translated; nothing of a tag that is free. */
  readonly landed: FactOf<"DmaLanded"> | undefined;
}

/** What becomes of a DMA request. */
export type DmaRequestStimulus = Issue | Translate | Block | Interrupt | Land;

type Told = "InputRefused" | "DmaTranslated" | "DmaLanded" | "DmaBlocked" | "InterruptRequested";

const translated = tellFact("DmaTranslated", ({ event }: Given<Translate>) => event.translated);
const landed = tellFact("DmaLanded", ({ event }: Given<Translate>) => event.landed);
const blocked = tellFact("DmaBlocked", ({ event }: Given<Block>) => event.blocked);
const interrupt = tell("InterruptRequested", ({ event }: Given<Interrupt>) => ({
  device: event.device,
  address: event.iova,
  data: event.data,
}));
const landsLater = tellFact(
  "DmaLanded",
  ({ event: { landed: fact } }: Given<Land>) => fact as FactOf<"DmaLanded">,
);
const refuse = (what: string) => ({
  actions: tell("InputRefused", ({ event }: Given<{ readonly tag: number }>) => ({
    why: `DMA: tag ${event.tag.toString()} ${what}`,
  })),
});

/**
 * The DMA requests of one tag: translated and landed at once, or in flight in between; blocked; or
 * sent on as an interrupt request.
 */
export const dmaRequest = compileChart<DmaRequestState, DmaRequestStimulus, Told>()({
  id: "DMA request",
  initial: "free",
  guards: {
    landsLater: ({ event }: Given<{ readonly tag?: number | undefined }>) =>
      event.tag !== undefined,
  },
  states: {
    free: {
      on: {
        Translate: [
          { guard: "landsLater", target: "inFlight", actions: translated },
          { actions: [translated, landed] },
        ],
        Block: { actions: blocked },
        Interrupt: { actions: interrupt },
        Land: refuse("is not in flight"),
      },
    },
    inFlight: {
      on: {
        Issue: refuse("is in flight already"),
        Land: { target: "free", actions: landsLater },
      },
    },
  },
});
