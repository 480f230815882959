import { pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Extents } from "../oracle/host-extents.ts";
import type { Kernel } from "../oracle/host-kernel.ts";
import { keyOf, spaceBelow } from "../oracle/host-kernel.ts";
import type { Sequence } from "./host-calls.ts";
import type { Wanted } from "./host-wanted.ts";
import { isRequest } from "./request-keys.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** Pages by the name of the tree that they are of. */
type Changed = ReadonlyMap<string, readonly number[]>;

/** The pages at the edges of a run, inside and outside, and one in its middle. */
const edgesOf = (first: number, count: number): readonly number[] => [
  ...[first - 1, first, first + Math.floor(count / 2), first + count - 1, first + count],
];

/** Where a fact changed a tree of the host: which one, and the pages. */
function runOfFact(fact: Fact): readonly [string, number, number] | undefined {
  switch (fact.type) {
    case "ShadowMapped":
    case "ShadowBlocked":
    case "ShadowUnmapped":
      return [`shadow ${fact.shadow}`, pageOf(fact.iova), fact.count];
    case "ShadowShared":
      return [`shadow ${fact.shadow}`, pageOf(fact.iova), pageOf(fact.length) * fact.copies];
    case "ShadowLinked":
      return [`shadow ${fact.shadow}`, pageOf(fact.iova), pageOf(fact.length) * fact.from.length];
    case "P2mMapped":
    case "P2mUnmapped":
    case "P2mProtected":
      return ["p2m", pageOf(fact.gpa), pageOf(fact.length)];
    default:
      return undefined;
  }
}

/** The pages that some facts and calls are about. */
export function changedPages(facts: readonly Fact[], calls: Sequence["calls"]): Changed {
  const changed = new Map<string, number[]>();
  const add = (name: string, first: number, count: number): void => {
    const pages = changed.get(name) ?? [];
    pages.push(...edgesOf(first, count));
    changed.set(name, pages);
  };
  for (const fact of facts) {
    const run = runOfFact(fact);
    if (run !== undefined) add(...run);
  }
  for (const call of calls) {
    if (call.call !== "map" && call.call !== "unmap") continue;
    add(`space ${call.space}`, Number(call.input >> 12n), Number(call.length >> 12n));
  }
  return changed;
}

const known = new WeakMap<Run, readonly (readonly number[])[]>();

/** Pages that are special whatever is mapped. */
const usual = [0, 0xfedff, 0xfee00, 0xfeeff, 0xfef00, 2 ** 18, 2 ** 27 - 1, 2 ** 36 - 1];

const mostPages = 24;

/** The pages that devices of each guest of a run ask for, and some others. */
export function pagesOfRun(run: Run): readonly (readonly number[])[] {
  const made = known.get(run);
  if (made !== undefined) return made;
  const asked = run.start.guests.map(() => new Set<number>());
  for (const input of run.inputs) {
    if (!isRequest(input)) continue;
    const pages = asked[guestIndex(input)];
    if (pages !== undefined && pages.size < mostPages) pages.add(pageOf(input.iova));
  }
  const found = asked.map((pages) => [...pages, ...usual]);
  known.set(run, found);
  return found;
}

/** The first, middle and last pages that a space has. */
function endsOf(extents: Extents): readonly number[] {
  const some = [extents[0], extents[extents.length >> 1], extents[extents.length - 1]];
  return some.flatMap((one) => (one ? [one.first, one.first + one.count - 1] : []));
}

const mostProbes = 20;

/** So many pages at most, spread over all. */
function fewOf(pages: readonly number[], most: number): readonly number[] {
  const all = [...new Set(pages)].filter((page) => page >= 0 && page < 2 ** 52);
  const each = Math.ceil(all.length / most);
  return each <= 1 ? all : all.filter((_, index) => index % each === 0);
}

/** Where to look at what one requester reaches. */
export interface Looking {
  readonly kernel: Kernel;
  readonly changed: Changed;
  /** Pages of the run, of which a few are looked at each time. */
  readonly pages: readonly number[];
  readonly seq: number;
  /** The requester goes elsewhere than before: more of it is looked at. */
  readonly isMoved: boolean;
}

/** The pages to look at: around what changed, and a few others. */
export function probesOf({ key, entry }: Wanted, looking: Looking): readonly number[] {
  const { kernel, changed, pages, seq, isMoved } = looking;
  const target = kernel.attachments.get(key)?.target;
  const space = target && spaceBelow(kernel, target);
  const isWalked = entry.state === "nested";
  const own = entry.state === "passThrough" ? "p2m" : `shadow ${entry.shadow}`;
  const concerned = isWalked ? changed.size > 0 : changed.has(own) || changed.has(`space ${space}`);
  const some = isMoved || (isWalked && concerned) ? 8 : 2;
  const others = Array.from({ length: some }, (_, at) => pages[(seq * 7 + at) % pages.length] ?? 0);
  if (isWalked) return fewOf(others, mostProbes);
  const around = [...(changed.get(own) ?? []), ...(changed.get(`space ${space}`) ?? [])];
  const extents = space === undefined ? undefined : kernel.spaces.get(space)?.extents;
  const ends = isMoved && extents !== undefined ? endsOf(extents) : [];
  return fewOf([...around, ...ends, ...others], mostProbes);
}

/** Whether a requester goes elsewhere after some calls than before. */
export const isMoved = ({ before, after }: Sequence, entry: Wanted["entry"]): boolean => {
  const key = keyOf(entry);
  return before.attachments.get(key) !== after.attachments.get(key);
};
