import { setup } from "xstate";
import type { Iova, SourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Translated = FactOf<"DmaTranslated">;
type Landed = FactOf<"DmaLanded">;
type Blocked = FactOf<"DmaBlocked">;

interface Translate {
  readonly type: "Translate";
  /** What the host's caches and tables answer; the request stays in flight when it has a tag. */
  readonly translated: Translated;
  readonly landed: Landed;
  readonly inFlight: boolean;
}
interface Block {
  readonly type: "Block";
  readonly blocked: Blocked;
}
interface Interrupt {
  readonly type: "Interrupt";
  readonly device: SourceId;
  readonly iova: Iova;
  readonly data: number;
}
interface Land {
  readonly type: "Land";
  readonly landed: Landed;
}

/** What becomes of a DMA request. */
export type RequestStimulus = Translate | Block | Interrupt | Land;

const translated = {
  type: "DmaTranslated",
  params: ({ event }: { event: Translate }) => event.translated,
} as const;
const landed = {
  type: "DmaLanded",
  params: ({ event }: { event: Translate | Land }) => event.landed,
} as const;
const blocked = {
  type: "DmaBlocked",
  params: ({ event }: { event: Block }) => event.blocked,
} as const;
const interrupt = {
  type: "InterruptRequested",
  params: ({ event }: { event: Interrupt }) => ({
    device: event.device,
    address: event.iova,
    data: event.data,
  }),
} as const;

/** One DMA request: issued, translated and in flight, landed, or blocked. */
export const requestMachine = setup({
  types: { events: {} as RequestStimulus },
  guards: { inFlight: ({ event }) => event.type === "Translate" && event.inFlight },
  actions: {
    DmaTranslated: (_, _params: Translated) => {},
    DmaLanded: (_, _params: Landed) => {},
    DmaBlocked: (_, _params: Blocked) => {},
    InterruptRequested: (_, _params: object) => {},
  },
}).createMachine({
  id: "DMA request",
  initial: "issued",
  states: {
    issued: {
      on: {
        Translate: [
          { guard: "inFlight", target: "translated", actions: translated },
          { target: "landed", actions: [translated, landed] },
        ],
        Block: { target: "blocked", actions: blocked },
        Interrupt: { target: "landed", actions: interrupt },
      },
    },
    translated: { on: { Land: { target: "landed", actions: landed } } },
    landed: {},
    blocked: {},
  },
});

export const request = compileChart(requestMachine);
