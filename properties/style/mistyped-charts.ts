import type { Fact } from "../../events/fact.ts";
import type { Turn } from "../../hypervisor/turn.ts";
import { advance, ask } from "../../hypervisor/turn.ts";
import { compileChart } from "../../machines/compile-chart.ts";
import type { Given } from "../../machines/definition.ts";
import { tell, tellOf, tellWith } from "../../machines/definition.ts";
import type { QueueUnit } from "../../machines/queue/queue.ts";
import { queue } from "../../machines/queue/queue.ts";
import { protection } from "../../machines/registers/protection.ts";

/**
 * What must not compile. Behind `@ts-expect-error` stands the word that the compiler complains of,
 * on the next line; what no such line announces must compile. Nothing here is run.
 */
export function misuse(turn: Turn, unit: QueueUnit): void {
  const fits = { type: "TailMoved", tail: 0 } as const;
  ask(turn, queue, "idle", fits, unit);
  // @ts-expect-error "idel"
  ask(turn, queue, "idel", fits, unit);
  // @ts-expect-error "TailMooved"
  ask(turn, queue, "idle", { type: "TailMooved", tail: 0 }, unit);
  // @ts-expect-error 'tail'
  ask(turn, queue, "idle", { type: "TailMoved" }, unit);
  // @ts-expect-error 'tial'
  ask(turn, queue, "idle", { type: "TailMoved", tial: 0 }, unit);
  // @ts-expect-error 'string'
  ask(turn, queue, "idle", { type: "TailMoved", tail: "0" }, unit);
  // @ts-expect-error arguments
  ask(turn, queue, "idle", fits);
  // @ts-expect-error 'number'
  ask(turn, queue, "idle", fits, { ...unit, address: 0 });

  advance(turn, protection, "disabled", { type: "Enable" });
  // @ts-expect-error "enabeld"
  advance(turn, protection, "enabeld", { type: "Enable" });
  // @ts-expect-error "Enabel"
  advance(turn, protection, "disabled", { type: "Enabel" });
  // @ts-expect-error 'now'
  advance(turn, protection, "disabled", { type: "Enable", now: true });
  // @ts-expect-error arguments
  advance(turn, protection, "disabled", { type: "Enable" }, unit);
}

/** The same, of a chart that is asked without a turn. */
export function misuseAlone(unit: QueueUnit): void {
  const [told] = queue.step("idle", { type: "Disable", tail: 0 }, unit);
  // @ts-expect-error "idel"
  queue.step("idel", { type: "Disable", tail: 0 }, unit);
  // @ts-expect-error "Disabel"
  queue.step("idle", { type: "Disabel", tail: 0 }, unit);
  // @ts-expect-error 'tail'
  queue.step("idle", { type: "Disable" }, unit);
  // @ts-expect-error 'tial'
  queue.step("idle", { type: "Disable", tial: 0 }, unit);
  // @ts-expect-error "QueueStoped"
  if (told?.type === "QueueStoped") return;
  // @ts-expect-error "FaultRecorded"
  if (told?.type === "FaultRecorded") return;
  // @ts-expect-error 'eror'
  if (told?.type === "QueueHalted") void told.eror;

  const halted: Fact = { type: "QueueHalted", error: "IQE", iqei: 1 };
  void (queue.after("idle", halted, unit) === "halted");
  // @ts-expect-error "halte"
  void (queue.after("idle", halted, unit) === "halte");
  // @ts-expect-error "idel"
  queue.after("idel", halted, unit);
  // @ts-expect-error "QueueHaltd"
  queue.after("idle", { type: "QueueHaltd", error: "IQE", iqei: 1 }, unit);
  // @ts-expect-error 'eror'
  queue.after("idle", { type: "QueueHalted", eror: "IQE", iqei: 1 }, unit);
  // @ts-expect-error 'iqei'
  queue.after("idle", { type: "QueueHalted", error: "IQE" }, unit);
}

/** A valve that an engineer opens and closes; its facts are those of other units. */
type Stimulus = { readonly type: "Open"; readonly index: number } | { readonly type: "Close" };
type Told = "FaultCleared" | "OverflowCleared" | "QueueHalted";
type On = Given<{ readonly index: number }, { readonly level: number }>;

const chart = compileChart<"shut" | "open", Stimulus, Told, { readonly level: number }>();
const opened = tell("FaultCleared", ({ event }: On) => ({ index: event.index }));
const states = { shut: {}, open: {} } as const;
const valve = { id: "valve", initial: "shut", states } as const;

/** What must not compile in a definition. */
export const misdefined = [
  chart({
    id: "valve",
    initial: "shut",
    guards: { isFull: ({ context }) => context.level > 9 },
    states: {
      shut: { on: { Open: { guard: "isFull", target: "open", actions: opened } } },
      open: { on: { Close: { target: "shut", actions: "OverflowCleared" } } },
    },
    on: { Close: { target: ".shut", actions: "OverflowCleared" } },
  }),
  // @ts-expect-error "shutt"
  chart({ ...valve, initial: "shutt" }),
  // @ts-expect-error 'open'
  chart({ ...valve, states: { shut: {} } }),
  // @ts-expect-error 'ajar'
  chart({ ...valve, states: { ...states, ajar: {} } }),
  // @ts-expect-error 'Opne'
  chart({ ...valve, states: { ...states, shut: { on: { Opne: "open" } } } }),
  // @ts-expect-error "opne"
  chart({ ...valve, states: { ...states, shut: { on: { Open: "opne" } } } }),
  // @ts-expect-error "opne"
  chart({ ...valve, on: { Open: { target: "opne" } } }),
  // @ts-expect-error 'taget'
  chart({ ...valve, on: { Open: { taget: ".open" } } }),
  // @ts-expect-error "isFul"
  chart({ ...valve, guards: { isFull: () => true }, on: { Open: { guard: "isFul" } } }),
  // @ts-expect-error "OverflowCleard"
  chart({ ...valve, on: { Close: { actions: "OverflowCleard" } } }),
  // @ts-expect-error "QueueEmptied"
  chart({ ...valve, on: { Close: { actions: "QueueEmptied" } } }),
  // @ts-expect-error "QueueHalted"
  chart({ ...valve, on: { Close: { actions: "QueueHalted" } } }),
  // @ts-expect-error 'index'
  chart({ ...valve, on: { Close: { actions: opened } } }),
  // @ts-expect-error 'levle'
  chart({ ...valve, guards: { full: ({ context }) => context.levle } }),
];

/** What must not compile in a fact that a chart tells. */
export const mistold = [
  tellOf("QueueHalted", { error: "IQE", iqei: 1 }),
  // @ts-expect-error "QueueHaltd"
  tellOf("QueueHaltd", { error: "IQE", iqei: 1 }),
  // @ts-expect-error 'eror'
  tellOf("QueueHalted", { eror: "IQE", iqei: 1 }),
  // @ts-expect-error 'why'
  tellOf("QueueHalted", { error: "IQE", iqei: 1, why: "the tail" }),
  // @ts-expect-error "IQF"
  tellOf("QueueHalted", { error: "IQF", iqei: 1 }),
  // @ts-expect-error 'index'
  tell("FaultCleared", ({ event }: On) => ({ indx: event.index })),
  // @ts-expect-error 'why'
  tell("FaultCleared", ({ event }: On) => ({ index: event.index, why: "it was read" })),
  // @ts-expect-error 'indx'
  tell("FaultCleared", ({ event }: On) => ({ index: event.indx })),
  tellWith("QueueHalted", { error: "IQE" }, ({ event }: On) => ({ iqei: event.index })),
  // @ts-expect-error "IQF"
  tellWith("QueueHalted", { error: "IQF" }, ({ event }: On) => ({ iqei: event.index })),
  // @ts-expect-error 'eror'
  tellWith("QueueHalted", { eror: "IQE" }, ({ event }: On) => ({ iqei: event.index })),
  // @ts-expect-error 'iqei'
  tellWith("QueueHalted", { error: "IQE" }, ({ event }: On) => ({ ieqi: event.index })),
  // @ts-expect-error 'never'
  tellWith("QueueHalted", { error: "IQE" }, ({ event }: On) => ({ iqei: event.index, why: "" })),
];
