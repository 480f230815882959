import { setup } from "xstate";
import type { FactOf } from "../../events/fact.ts";
import { compileChart } from "../chart.ts";

type Entry = Omit<FactOf<"HostEntryChanged">, "type">;

interface Resolve {
  readonly type: "Resolve";
  /** What the guest's context entry comes to for the host. */
  readonly entry: Entry;
}

/** A device's context was read again, or the device went away. */
export type AttachmentStimulus = Resolve | { readonly type: "Remove" };

const changed = {
  type: "HostEntryChanged",
  params: ({ event }: { event: Resolve }) => event.entry,
} as const;

const become = (state: Entry["state"]) =>
  ({ guard: state, target: state, actions: changed }) as const;
const anyState = [
  become("blocked"),
  become("passThrough"),
  become("shadowed"),
  become("nested"),
  become("virtual"),
  become("refused"),
] as const;
const resolve = { on: { Resolve: anyState, Remove: "unassigned" } } as const;

const is =
  (state: Entry["state"]) =>
  ({ event }: { event: AttachmentStimulus }): boolean =>
    event.type === "Resolve" && event.entry.state === state;

/** The host's entry for one requester. */
export const attachmentMachine = setup({
  types: { events: {} as AttachmentStimulus },
  guards: {
    blocked: is("blocked"),
    passThrough: is("passThrough"),
    shadowed: is("shadowed"),
    nested: is("nested"),
    virtual: is("virtual"),
    refused: is("refused"),
  },
  actions: { HostEntryChanged: (_, _params: Entry) => {} },
}).createMachine({
  id: "device attachment",
  initial: "unassigned",
  states: {
    unassigned: { on: { Resolve: anyState } },
    blocked: resolve,
    passThrough: resolve,
    shadowed: resolve,
    nested: resolve,
    virtual: resolve,
    refused: resolve,
  },
});

export const attachment = compileChart(attachmentMachine);
