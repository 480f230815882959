import type { FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Expected } from "../oracle/answers.ts";
import { expected } from "../oracle/expected.ts";
import { observe } from "../oracle/observe.ts";
import type { Key, Oracle } from "../oracle/oracle.ts";
import { createOracle } from "../oracle/oracle.ts";
import type { Asked } from "../oracle/resolve.ts";
import { smallPages } from "../world/arena.ts";
import { keysOf, requestsOf, rightsOf } from "./request-keys.ts";
import type { Run } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** What the oracle expects of one key at one moment. */
export interface Probe {
  readonly seq: number;
  readonly key: Key;
  readonly world: World;
  readonly expected: Expected;
  /** The root pointer was replaced, and the invalidations that must follow have not all been. */
  readonly replaced: boolean;
}

/** What the oracle saw of a run. */
export interface Sight {
  /** After each step that changed something, for every key of every guest. */
  readonly settled: readonly Probe[];
  /** At the completion of waits, once what came before them is done. */
  readonly waiting: readonly Probe[];
  /** Before each DMA, for its own key, by number of the input. */
  readonly asked: ReadonlyMap<number, Probe>;
  /** Numbers of the inputs that must be refused. */
  readonly refusals: ReadonlySet<number>;
  readonly oracle: Oracle;
}

const known = new WeakMap<Run, Sight>();
const invalidations: readonly string[] = [
  ...["ContextInvalidated", "IotlbInvalidated", "PasidCacheInvalidated", "PasidIotlbInvalidated"],
];

/** Where tables and what they lead to usually are: two runs of small pages. */
const nearby = Array.from({ length: 160 }, (_, page) => page).filter(
  (page) => page < smallPages || page >= 128,
);

/** Lets the oracle see a run, and asks it along the way. Each run is seen once. */
export function sightOf(run: Run): Sight {
  const made = known.get(run);
  if (made !== undefined) return made;
  const sight = look(run);
  known.set(run, sight);
  return sight;
}

function look(run: Run): Sight {
  const requests = requestsOf(run);
  const keys = keysOf(run, requests.values());
  const oracle = createOracle(run.setup, keys, nearby);
  const [settled, waiting]: [Probe[], Probe[]] = [[], []];
  const asked = new Map<number, Probe>();
  const refusals = new Set<number>();
  const ask = (key: Key, seq: number, world: World, rights: Asked = {}): Probe | undefined => {
    const asked = { ...rights, pasid: key.pasid };
    const found = expected(oracle, key.guest, key.sid, BigInt(key.page) << 12n, asked);
    const replaced = oracle.worlds[key.guest]?.histories.replaced;
    const isReplaced = replaced !== undefined && Object.values(replaced).includes(true);
    return found && { seq, key, world, expected: found, replaced: isReplaced };
  };
  let turn = 0;
  const askSome = (into: Probe[], seq: number, world: World): void => {
    turn += 1;
    for (const [index, key] of keys.entries()) {
      if ((index + turn) % turns !== 0) continue;
      const probe = ask(key, seq, world);
      if (probe !== undefined) into.push(probe);
    }
  };
  const worlds = waitsOf(run);
  for (const step of run.steps) {
    const { seq } = step;
    const request = requests.get(seq);
    const probe = request && ask(request, seq, step.before, rightsOf(step.input));
    if (probe !== undefined) asked.set(seq, probe);
    if (
      !observeStep(oracle, step, (at, fact) => {
        const world = worlds.get(fact);
        if (world !== undefined) askSome(waiting, at, world);
      })
    )
      refusals.add(seq);
    if (changed(step)) askSome(settled, seq, step.after);
  }
  return { settled, waiting, asked, refusals, oracle };
}

/** Each key is asked at one in so many moments: more worlds are worth more than more questions. */
const turns = 3;

/** Whether a step did something that a walk could notice. */
function changed(step: Step): boolean {
  const { type } = step.input;
  if (type === "MemoryWrite" || type === "CacheFlush")
    return step.before.guests !== step.after.guests;
  return step.facts.some((fact) => !quiet.has(fact.type));
}

const quiet: ReadonlySet<string> = new Set([
  ...["InputRefused", "RegisterSet", "RegisterAnswered", "MemoryWriteDropped", "DmaBlocked"],
  ...["FaultRecorded", "FaultCollapsed", "FaultSuppressed", "FaultDropped", "FaultOverflowed"],
  ...["EventPended", "EventSent", "EventUnpended", "FaultCleared", "InterruptRequested"],
]);

/** Lets the oracle observe a step fact by fact where waits complete, else at once. */
function observeStep(
  oracle: Oracle,
  step: Step,
  visit: (seq: number, fact: FactOf<"WaitCompleted">) => void,
): boolean {
  const { input, facts, seq } = step;
  if (!facts.some(({ type }) => type === "WaitCompleted")) return observe(oracle, input, facts);
  const done = observe(oracle, input, []);
  for (const [index, fact] of facts.entries()) {
    observe(oracle, { type: "Note", text: "", guest: guestIndex(input) }, [fact]);
    if (fact.type === "WaitCompleted") visit(seq + 1 + index, fact);
  }
  return done;
}

/** The worlds at waits that complete right after some invalidation. */
function waitsOf(run: Run): ReadonlyMap<FactOf<"WaitCompleted">, World> {
  const worlds = new Map<FactOf<"WaitCompleted">, World>();
  let invalidated = false;
  for (const { fact, after } of momentsOf(run)) {
    if (fact === undefined) invalidated = false;
    else if (invalidations.includes(fact.type)) invalidated = true;
    else if (fact.type === "WaitCompleted" && invalidated) {
      worlds.set(fact, after);
      invalidated = false;
    }
  }
  return worlds;
}
