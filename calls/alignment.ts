// Length: one comparison, whose rules for each kind of call are read beside each other.

import { pagesFrom } from "../events/address.ts";
import type { Call, Target } from "./call.ts";
import type { Run } from "./host-run.ts";
import { mapCalls } from "./host-run.ts";
import type { ReferenceHost } from "./reference-host.ts";
import { emptyHost, makeCall, requesterName, runsAt } from "./reference-host.ts";

/** Calls that an event leads to; 0 for the start. */
export interface CallsOfEvent {
  readonly seq: number;
  readonly calls: readonly Call[];
}

/** A call that somebody else made, and the line that says it. */
export interface TheirCall {
  readonly line: number;
  readonly call: Call;
}

/** How somebody's calls first differ in a way that matters. */
export interface CallDifference {
  readonly kind: "notCalledFor" | "outOfOrder" | "unknown" | "otherDevice" | "cannotBe" | "cut";
  /** The line of the call that differs; `undefined` where calls end before it. */
  readonly line: number | undefined;
  readonly call: Call | undefined;
  readonly why: string;
  /** The event whose calls were being made, and the next of them that is missing. */
  readonly seq: number;
  readonly missing: Call | undefined;
}

interface Alignment {
  readonly ours: ReferenceHost;
  readonly theirs: ReferenceHost;
  /** Our numbers of their objects, by `space 3` and `table 7`. */
  readonly numbers: Map<string, number>;
  seq: number;
  /** What is still to come of the event's calls. */
  pending: Call[];
}

type Wrong = Pick<CallDifference, "kind" | "why">;
const wrong = (kind: CallDifference["kind"], why: string): Wrong => ({ kind, why });

const ourSpace = ({ numbers }: Alignment, space: number) => numbers.get(`space ${space}`);
const ourTable = ({ numbers }: Alignment, table: number) => numbers.get(`table ${table}`);

/** Which of their spaces is one of ours. */
function theirSpace({ numbers }: Alignment, space: number): number | undefined {
  for (const [name, ours] of numbers) {
    if (ours === space && name.startsWith("space ")) return Number(name.slice(6));
  }
  return undefined;
}

function targetInOurs(alignment: Alignment, target: Target): Target | undefined {
  if (target.to === "blocked") return undefined;
  if (target.to === "space") {
    const space = ourSpace(alignment, target.space);
    return space === undefined ? undefined : { to: "space", space };
  }
  const table = ourTable(alignment, target.table);
  return table === undefined ? undefined : { to: "table", table };
}

const isSame = (a: Target | undefined, b: Target | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** A run cut to the pages of a range. */
function cut(run: Run, first: number, end: number): Run {
  const [from, to] = [Math.max(run.page, first), Math.min(run.page + run.count, end)];
  return { ...run, page: from, frame: run.frame + from - run.page, count: to - from };
}

/** What two spaces say of a range is the same, however their maps were made. */
function agree(a: readonly Run[], b: readonly Run[], input: bigint, length: bigint): boolean {
  const range = pagesFrom(input, length);
  const one = joined(runsAt(a, range).found.map((run) => cut(run, range.first, range.end)));
  const other = joined(runsAt(b, range).found.map((run) => cut(run, range.first, range.end)));
  return JSON.stringify(one) === JSON.stringify(other);
}

function joined(runs: readonly Run[]): readonly Run[] {
  const made: Run[] = [];
  for (const run of runs) {
    const last = made.at(-1);
    const goesOn =
      last !== undefined &&
      last.page + last.count === run.page &&
      last.frame + last.count === run.frame &&
      last.read === run.read &&
      last.write === run.write;
    if (goesOn) made[made.length - 1] = { ...last, count: last.count + run.count };
    else made.push(run);
  }
  return made;
}

/** Whether a space has nothing in the pages that one of our calls unmaps but what is new there. */
function isGone(
  ours: readonly Run[],
  theirs: readonly Run[],
  { input, length }: Extract<Call, { call: "unmap" }>,
): boolean {
  const range = pagesFrom(input, length);
  return runsAt(theirs, range).found.every((run) => {
    const { page, count } = cut(run, range.first, range.end);
    return agree(ours, theirs, BigInt(page) << 12n, BigInt(count) << 12n);
  });
}

/** Whether what one of our calls is for has come about on their side. */
function isDone(alignment: Alignment, call: Call): boolean {
  const { ours, theirs } = alignment;
  if (call.call === "map" || call.call === "unmap") {
    const space = theirSpace(alignment, call.space);
    const [a, b] = [ours.spaces.get(call.space), theirs.spaces.get(space ?? -1)];
    if (a === undefined) return true;
    if (b === undefined) return false;
    return call.call === "map" ? agree(a, b, call.input, call.length) : isGone(a, b, call);
  }
  if (call.call === "attach" || call.call === "detach") {
    const name = requesterName(call.requester);
    const target = theirs.targets.get(name);
    return isSame(target && targetInOurs(alignment, target), ours.targets.get(name));
  }
  return false;
}

/** The first of our calls that is still to come and is of a kind, and is so. */
const pendingOf = <K extends Call["call"]>(
  { pending }: Alignment,
  kind: K,
  fits: (call: Extract<Call, { call: K }>) => boolean,
): Extract<Call, { call: K }> | undefined =>
  pending.find((one): one is Extract<Call, { call: K }> => {
    return one.call === kind && fits(one as Extract<Call, { call: K }>);
  });

/** Takes one of our calls from those that are still to come. */
function settle(alignment: Alignment, call: Call): void {
  alignment.pending = alignment.pending.filter((one) => one !== call);
}

function newObject(alignment: Alignment, call: Call): Wrong | undefined {
  if (call.call === "createSpace") {
    const ours = pendingOf(alignment, "createSpace", ({ kind }) => kind === call.kind);
    if (ours === undefined) return wrong("notCalledFor", `no ${call.kind} space is to be made`);
    alignment.numbers.set(`space ${call.space}`, ours.space);
    settle(alignment, ours);
  } else if (call.call === "createTable") {
    const over = ourSpace(alignment, call.over);
    const data = JSON.stringify(Object.entries(call.data).map(String).sort());
    const ours = pendingOf(
      alignment,
      "createTable",
      (one) =>
        one.over === over && JSON.stringify(Object.entries(one.data).map(String).sort()) === data,
    );
    if (ours === undefined) return wrong("notCalledFor", "no such table is to be made");
    alignment.numbers.set(`table ${call.table}`, ours.table);
    settle(alignment, ours);
  }
  return undefined;
}

function mapped(alignment: Alignment, call: Extract<Call, { call: "map" }>): Wrong | undefined {
  const { ours, theirs } = alignment;
  const space = ourSpace(alignment, call.space) ?? -1;
  const [wanted, has] = [ours.spaces.get(space), theirs.spaces.get(call.space)];
  if (wanted === undefined || has === undefined) return undefined;
  if (!agree(wanted, has, call.input, call.length)) {
    return wrong("notCalledFor", "it maps what is not to be mapped there, or so");
  }
  for (const [name, target] of theirs.targets) {
    if (target.to !== "space" || target.space !== call.space) continue;
    if (
      ours.targets.get(name)?.to === "space" &&
      isSame(ours.targets.get(name), { to: "space", space })
    )
      continue;
    return wrong("outOfOrder", "a requester that is to leave the space is still attached to it");
  }
  return undefined;
}

/**
 * Pages that were to stay mapped may go for a while, if others of the call are to go: they are
 * still to come then.
 */
function unmapped(
  alignment: Alignment,
  call: Extract<Call, { call: "unmap" }>,
  before: readonly Run[],
): Wrong | undefined {
  const space = ourSpace(alignment, call.space) ?? -1;
  const wanted = alignment.ours.spaces.get(space);
  if (wanted === undefined) return undefined;
  if (agree(wanted, before, call.input, call.length)) {
    return wrong("notCalledFor", "what it unmaps is to stay");
  }
  const { first, end } = pagesFrom(call.input, call.length);
  const kept = runsAt(wanted, { first, end }).found.map((run) => cut(run, first, end));
  alignment.pending.push(...mapCalls(space, kept));
  return undefined;
}

function attached(
  alignment: Alignment,
  call: Extract<Call, { call: "attach" }>,
): Wrong | undefined {
  const { ours, pending, theirs } = alignment;
  const is = targetInOurs(alignment, call.target);
  if (!isSame(is, ours.targets.get(requesterName(call.requester)))) {
    const meant = pendingOf(alignment, "attach", ({ target }) => isSame(target, is));
    if (meant !== undefined) return wrong("otherDevice", "another requester is to go there");
    return wrong("notCalledFor", "the requester is to go elsewhere");
  }
  const below = call.target.to === "table" ? theirs.tables.get(call.target.table) : undefined;
  const space = call.target.to === "space" ? call.target.space : below;
  const left = pending.find(
    (one) =>
      one.call === "unmap" &&
      space !== undefined &&
      one.space === ourSpace(alignment, space) &&
      !isDone(alignment, one),
  );
  if (left === undefined) return undefined;
  return wrong("outOfOrder", "the space still has what is to be unmapped before");
}

type Invalidation = Extract<Call, { call: "invalidateTable" | "invalidateDevice" }>;

/** Whether an invalidation covers another one of the same object. */
function covers(wide: Invalidation, narrow: Invalidation): boolean {
  if (wide.call === "invalidateTable" && narrow.call === "invalidateTable") {
    if (wide.leafOnly && !narrow.leafOnly) return false;
  }
  if (wide.input === undefined || wide.length === undefined) return true;
  if (narrow.input === undefined || narrow.length === undefined) return false;
  return wide.input <= narrow.input && wide.input + wide.length >= narrow.input + narrow.length;
}

/**
 * Calls that change no mapping: each of ours needs one of theirs; more invalidations do no harm.
 */
function told(alignment: Alignment, call: Call): Wrong | undefined {
  const { pending } = alignment;
  for (const one of pending) {
    const isTable = one.call === "invalidateTable" && call.call === "invalidateTable";
    if (isTable && one.table === ourTable(alignment, call.table) && covers(call, one)) {
      settle(alignment, one);
    }
    const isDevice = one.call === "invalidateDevice" && call.call === "invalidateDevice";
    if (isDevice && isSameRequester(one, call) && covers(call, one)) settle(alignment, one);
  }
  if (call.call === "answerPages") {
    const ours = pendingOf(alignment, "answerPages", (one) => {
      return isSameRequester(one, call) && one.group === call.group;
    });
    if (ours === undefined) return wrong("notCalledFor", "nobody waits for this answer");
    if (ours.response !== call.response) return wrong("notCalledFor", "the answer is another one");
    settle(alignment, ours);
  }
  if (call.call === "trackDirty") {
    const space = ourSpace(alignment, call.space);
    const ours = pendingOf(alignment, "trackDirty", (one) => one.space === space);
    if (ours?.enabled !== call.enabled) return wrong("notCalledFor", "tracking stays as it is");
    settle(alignment, ours);
  }
  return undefined;
}

const isSameRequester = (
  a: Extract<Call, { requester: unknown }>,
  b: Extract<Call, { requester: unknown }>,
): boolean => requesterName(a.requester) === requesterName(b.requester);

function destroyed(alignment: Alignment, call: Call): Wrong | undefined {
  const ours =
    call.call === "destroySpace"
      ? pendingOf(alignment, "destroySpace", (one) => one.space === ourSpace(alignment, call.space))
      : call.call === "destroyTable"
        ? pendingOf(
            alignment,
            "destroyTable",
            (one) => one.table === ourTable(alignment, call.table),
          )
        : undefined;
  if (ours === undefined) return wrong("notCalledFor", "it is still needed");
  settle(alignment, ours);
  return undefined;
}

/** What a call that could be made says wrong. */
function judge(alignment: Alignment, call: Call, before: readonly Run[]): Wrong | undefined {
  switch (call.call) {
    case "createSpace":
    case "createTable":
      return newObject(alignment, call);
    case "map":
      return mapped(alignment, call);
    case "unmap":
      return unmapped(alignment, call, before);
    case "attach":
      return attached(alignment, call);
    case "detach": {
      const target = alignment.ours.targets.get(requesterName(call.requester));
      return target && wrong("notCalledFor", "the requester is to stay attached");
    }
    case "destroySpace":
    case "destroyTable":
      return destroyed(alignment, call);
    default:
      return told(alignment, call);
  }
}

/** An object that a call names and nobody has made. */
function unknownObject(alignment: Alignment, call: Call): string | undefined {
  const isNew = call.call === "createSpace" || call.call === "createTable";
  const { space, table, over, target } = call as {
    readonly [name in "space" | "table" | "over"]?: number;
  } & { readonly target?: Target };
  const spaces = [
    isNew ? undefined : space,
    over,
    target?.to === "space" ? target.space : undefined,
  ];
  const tables = [isNew ? undefined : table, target?.to === "table" ? target.table : undefined];
  const noSpace = spaces.find((one) => one !== undefined && ourSpace(alignment, one) === undefined);
  if (noSpace !== undefined) return `space ${noSpace}`;
  const noTable = tables.find((one) => one !== undefined && ourTable(alignment, one) === undefined);
  return noTable === undefined ? undefined : `table ${noTable}`;
}

function take(alignment: Alignment, call: Call): Wrong | undefined {
  const unknown = unknownObject(alignment, call);
  if (unknown !== undefined) return wrong("unknown", `nobody has made ${unknown}`);
  const runs = call.call === "unmap" ? alignment.theirs.spaces.get(call.space) : undefined;
  const before = runs === undefined ? [] : [...runs];
  const why = makeCall(alignment.theirs, call);
  return why === undefined ? judge(alignment, call, before) : wrong("cannotBe", why);
}

/** The first of our calls that has not come about; those before it are not looked at again. */
function firstMissing(alignment: Alignment): Call | undefined {
  const { pending } = alignment;
  let done = 0;
  for (const one of pending) {
    if (!isDone(alignment, one)) break;
    done += 1;
  }
  pending.splice(0, done);
  return pending[0];
}

/**
 * Finds the first of somebody's calls that differs in a way that matters. Of one event's calls the
 * order is free where it is: maps may be split or joined, pages that stay may be unmapped and
 * mapped again, spaces that have nothing to do with each other may take turns; but each call must
 * be possible, requesters move after what is taken away and before what is new, and nothing may be
 * left over when the next event's calls come. Numbers of objects are theirs.
 */
export function compareCalls(
  ours: Iterable<CallsOfEvent>,
  theirs: Iterable<TheirCall>,
): CallDifference | undefined {
  const numbers = new Map<string, number>();
  const [one, other] = [emptyHost(), emptyHost()];
  const alignment: Alignment = { ours: one, theirs: other, numbers, seq: 0, pending: [] };
  const rest = theirs[Symbol.iterator]();
  let last = 0;
  for (const { seq, calls } of ours) {
    for (const call of calls) makeCall(alignment.ours, call);
    alignment.seq = seq;
    alignment.pending = [...calls];
    for (;;) {
      const missing = firstMissing(alignment);
      if (missing === undefined) break;
      const next = rest.next();
      if (next.done === true) {
        const why = last === 0 ? "there are none" : `they end after line ${last}`;
        return { ...wrong("cut", why), line: undefined, call: undefined, seq, missing };
      }
      const { line, call } = next.value;
      last = line;
      const found = take(alignment, call);
      if (found !== undefined) return { ...found, line, call, seq, missing };
    }
  }
  return leftOver(alignment, rest);
}

/** What comes after all that was called for; invalidations do no harm. */
function leftOver(alignment: Alignment, rest: Iterator<TheirCall>): CallDifference | undefined {
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    const { line, call } = next.value;
    if (call.call === "invalidateTable" || call.call === "invalidateDevice") continue;
    const found = wrong("notCalledFor", "nothing is left to be done");
    return { ...found, line, call, seq: alignment.seq, missing: undefined };
  }
  return undefined;
}
