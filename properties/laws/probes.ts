// Length: one look at a run, in the order in which it is looked at.

import type { FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Expected } from "../oracle/answers.ts";
import type { Question } from "../oracle/expected.ts";
import { answer, questionOf } from "../oracle/expected.ts";
import { follow, observe } from "../oracle/observe.ts";
import type { Key, Oracle } from "../oracle/oracle.ts";
import { createOracle } from "../oracle/oracle.ts";
import { grantOf } from "../oracle/p2m.ts";
import type { Asked } from "../oracle/resolve.ts";
import { smallPages } from "../world/arena.ts";
import type { EntryRead } from "./entries-read.ts";
import { entriesRead } from "./entries-read.ts";
import type { Asked as Interrupt } from "./interrupt-sight.ts";
import { expectInterrupt, newInterruptSight, rememberEntries } from "./interrupt-sight.ts";
import type { LateWord } from "./late-sight.ts";
import { seeLate } from "./late-sight.ts";
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

/** What the oracle expects of every key of a sight at one moment. */
export interface Glance {
  readonly seq: number;
  readonly world: World;
  /** Nothing for a guest that there is not; the same list as before where all is as before. */
  readonly expected: readonly (Expected | undefined)[];
  /** By guest, whether its root pointer was replaced, as for a probe. */
  readonly replaced: readonly boolean[];
}

/** What the oracle saw of a run. */
export interface Sight {
  readonly keys: readonly Key[];
  /** After each step that changed something, for every key of every guest. */
  readonly settled: readonly Glance[];
  /** At the completion of waits, once what came before them is done. */
  readonly waiting: readonly Glance[];
  /** Before each DMA and each question, for its own key, by number of the input. */
  readonly asked: ReadonlyMap<number, Probe>;
  /** Numbers of the inputs that must be refused. */
  readonly refusals: ReadonlySet<number>;
  /** How the P2M lets the pages be written that a step writes, by its number and by page. */
  readonly grants: ReadonlyMap<number, PageGrants>;
  /** Host entries that were read, in order. */
  readonly entries: readonly EntryRead[];
  /** Every interrupt request. */
  readonly interrupts: readonly Interrupt[];
  /** Words that the unit need not see yet, or begins to. */
  readonly late: readonly LateWord[];
  readonly oracle: Oracle;
}

/** By page: whether it can be written, be read alone, or is a hole. */
export type PageGrants = ReadonlyMap<number, "open" | "readOnly" | "hole">;

const known = new WeakMap<Run, Sight>();
const invalidations: readonly string[] = [
  ...["ContextInvalidated", "IotlbInvalidated", "PasidCacheInvalidated", "PasidIotlbInvalidated"],
];

/** Where tables and what they lead to usually are: two runs of small pages. */
const nearby = Array.from({ length: 160 }, (_, page) => page).filter(
  (page) => page < smallPages || page >= 128,
);

/** Keys of questions, for each guest, that are watched besides. */
const maxQuestions = 6;

/** Lets the oracle see a run, and asks it along the way. Each run is seen once. */
export function sightOf(run: Run): Sight {
  const made = known.get(run);
  if (made !== undefined) return made;
  const sight = look(run, true);
  known.set(run, sight);
  return sight;
}

/**
 * Lets the oracle see a run.
 *
 * @param keeps  whether it asks again only what may have changed; else everything, each time.
 */
export function look(run: Run, keeps: boolean): Sight {
  const { requests, questions: others } = requestsOf(run);
  const keys = keysOf(run, requests.values());
  const watched = [...keys, ...keysOf(run, others.values(), maxQuestions)];
  const oracle = createOracle(run.setup, watched, nearby, keeps, false);
  const questions = keys.map((key) => ask(key));
  const [settled, waiting]: [Glance[], Glance[]] = [[], []];
  const asked = new Map<number, Probe>();
  const refusals = new Set<number>();
  const probe = (key: Key, question: Question, seq: number, world: World): Probe | undefined => {
    const found = answer(oracle, question);
    const about = oracle.worlds[key.guest];
    return found && { seq, key, world, expected: found, replaced: isReplaced(about) };
  };
  let last: readonly (Expected | undefined)[] = [];
  const askAll = (into: Glance[], seq: number, world: World): void => {
    const found = questions.map((question) => answer(oracle, question));
    const isSame = last.length === found.length && found.every((one, at) => one === last[at]);
    if (!isSame) last = found;
    into.push({ seq, world, expected: last, replaced: oracle.worlds.map(isReplaced) });
  };
  const worlds = waitsOf(run);
  const interrupts = newInterruptSight(run, oracle, keeps);
  const grants = new Map<number, PageGrants>();
  const entries: EntryRead[] = [];
  const late: LateWord[] = [];
  for (const step of run.steps) {
    const { seq } = step;
    const request = requests.get(seq) ?? others.get(seq);
    const question = request && ask(request, rightsOf(step.input));
    const own = question && probe(request, question, seq, step.before);
    if (own !== undefined) asked.set(seq, own);
    expectInterrupt(interrupts, step);
    const written = pagesWritten(step);
    const isKnown = oracle.worlds[guestIndex(step.input)] !== undefined;
    if (isKnown && written.length > 0) grants.set(seq, grantsOf(oracle, step, written));
    const visit = (at: number, fact: FactOf<"WaitCompleted">): void => {
      const world = worlds.get(fact);
      if (world !== undefined) askAll(waiting, at, world);
    };
    const [done, words] = seeLate(oracle, step, () => observeStep(oracle, step, visit));
    if (!done) refusals.add(seq);
    late.push(...words);
    rememberEntries(interrupts, step);
    entries.push(...entriesRead(oracle, step));
    if (changed(step)) askAll(settled, seq, step.after);
  }
  const { asked: requested } = interrupts;
  const found = { keys, settled, waiting, asked, refusals, grants, entries, late, oracle };
  return { ...found, interrupts: requested };
}

/** The pages that a step's CPU writes, and those of writes of the unit that are lost. */
function pagesWritten({ input, facts }: Step): readonly number[] {
  const lost = facts.flatMap((fact) =>
    fact.type === "MemoryWriteDropped" ? [Number(fact.gpa >> 12n)] : [],
  );
  if (input.type !== "MemoryWrite" || input.bytes.length === 0) return lost;
  const [first, end] = [input.gpa, input.gpa + BigInt(input.bytes.length) - 1n].map((at) =>
    Number(at >> 12n),
  );
  for (let page = first ?? 0; page <= (end ?? 0); page++) lost.push(page);
  return lost;
}

function grantsOf(oracle: Oracle, { input }: Step, pages: readonly number[]): PageGrants {
  const p2m = oracle.worlds[guestIndex(input)]?.memory.p2m;
  const grantAt = (page: number) => {
    const grant = p2m && grantOf(p2m, page);
    return grant?.write === true ? "open" : grant?.read === true ? "readOnly" : "hole";
  };
  return new Map(pages.map((page) => [page, grantAt(page)]));
}

/** Whether the root pointer of a guest was replaced, and not all that must follow has. */
function isReplaced(world: Oracle["worlds"][number] | undefined): boolean {
  const { context, pasid, iotlb } = world?.histories.replaced ?? {};
  return context === true || pasid === true || iotlb === true;
}

/** The question about a key, by a request with some rights. */
const ask = ({ guest, sid, page, pasid }: Key, rights: Asked = {}): Question =>
  questionOf(guest, sid, BigInt(page) << 12n, { ...rights, pasid });

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
    follow(oracle, fact);
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
