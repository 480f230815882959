import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Answered = Omit<FactOf<"TranslationAnswered">, "type">;
type Blocked = Omit<FactOf<"TranslationBlocked">, "type">;

interface Answer {
  readonly type: "Answer";
  readonly answered: Answered;
}
interface Block {
  readonly type: "Block";
  readonly blocked: Blocked;
}

/** What becomes of a translation request. */
export type TranslationRequestStimulus = Answer | Block;

/** One translation request of a device: answered, if only with nothing, or blocked. */
export const translationRequestMachine = setup({
  types: { events: {} as TranslationRequestStimulus },
  actions: {
    TranslationAnswered: (_, _params: Answered) => {},
    TranslationBlocked: (_, _params: Blocked) => {},
  },
}).createMachine({
  id: "translation request",
  initial: "issued",
  states: {
    issued: {
      on: {
        Answer: {
          target: "answered",
          actions: {
            type: "TranslationAnswered",
            params: ({ event }: { event: Answer }) => event.answered,
          },
        },
        Block: {
          target: "blocked",
          actions: {
            type: "TranslationBlocked",
            params: ({ event }: { event: Block }) => event.blocked,
          },
        },
      },
    },
    answered: {},
    blocked: {},
  },
});

export const translationRequest = compileChart(translationRequestMachine);
