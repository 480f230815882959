import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { treeDifference } from "../../tables/page-tree-difference.ts";
import { radixDifference } from "../../tables/radix-difference.ts";
import type { NumberColumn } from "../columns/number-column.ts";
import { addNumber, forkNumbers, newNumbers, placeOf } from "../columns/number-column.ts";
import type { Step } from "../step.ts";

/** The trees of which changes are kept: three of each shadow, and the P2M. */
export const trees = { stage: 0, host: 1, pending: 2, p2m: 3, unknown: 4 } as const;

/** A tree of which changes are kept, or `unknown`: some tree of that shadow, anywhere in it. */
export type Tree = keyof typeof trees;

/**
 * Which step changed what a shadow or the P2M says of which pages, and to what: so the life of a
 * page is told without folding. Rows are in the order of events.
 */
export interface ChangeIndex {
  /** Number of the step's input. */
  readonly seq: NumberColumn;
  readonly guest: NumberColumn;
  /** The shadow, or 0 for the P2M. */
  readonly shadow: NumberColumn;
  readonly tree: NumberColumn;
  readonly first: NumberColumn;
  readonly count: NumberColumn;
  /** What the tree says of the first page. */
  readonly value: NumberColumn;
  /** Steps that changed a host entry: the number, the guest, the entry's key. */
  readonly hostSeq: NumberColumn;
  readonly hostGuest: NumberColumn;
  readonly hostKey: NumberColumn;
}

/** The key of a change that concerns every host entry of a guest. */
export const everyHost = Number.MAX_SAFE_INTEGER;

/** The key of a change that concerns what walks say, and which entry a PASID has. */
export const everyWalk = everyHost - 1;

export const newChangeIndex = (): ChangeIndex => ({
  seq: newNumbers(Uint32Array),
  guest: newNumbers(Uint8Array),
  shadow: newNumbers(Uint32Array),
  tree: newNumbers(Uint8Array),
  first: newNumbers(Float64Array),
  count: newNumbers(Float64Array),
  value: newNumbers(Float64Array),
  hostSeq: newNumbers(Uint32Array),
  hostGuest: newNumbers(Uint8Array),
  hostKey: newNumbers(Float64Array),
});

/** Slots that are compared for one tree and step; what differs in more places is not listed. */
const patience = 4096;

interface Row {
  readonly seq: number;
  readonly guest: number;
  readonly shadow: number;
}

function addRow(
  index: ChangeIndex,
  { seq, guest, shadow }: Row,
  tree: Tree,
  first: number,
  count: number,
  value: number,
): void {
  addNumber(index.seq, seq);
  addNumber(index.guest, guest);
  addNumber(index.shadow, shadow);
  addNumber(index.tree, trees[tree]);
  addNumber(index.first, first);
  addNumber(index.count, count);
  addNumber(index.value, value);
}

function noteTree(index: ChangeIndex, row: Row, tree: Tree, from: PageTree, to: PageTree): void {
  if (from.root === to.root && from.levels === to.levels) return;
  const isAll = treeDifference(from, to, patience, (first, count, value) =>
    addRow(index, row, tree, first, count, value),
  );
  if (!isAll) addRow(index, row, "unknown", 0, Number.MAX_SAFE_INTEGER, 0);
}

function noteShadow(index: ChangeIndex, row: Row, before: Guest, after: Guest): void {
  const [from, to] = [shadowAt(before, row.shadow), shadowAt(after, row.shadow)];
  if (from === undefined || to === undefined) {
    addRow(index, row, "unknown", 0, Number.MAX_SAFE_INTEGER, 0);
    return;
  }
  noteTree(index, row, "stage", from.stage, to.stage);
  noteTree(index, row, "host", from.host, to.host);
  noteTree(index, row, "pending", from.pending, to.pending);
}

/** Whether something changed on which it depends what walks say: charts latch a root pointer. */
const walksOtherwise = (before: Guest, after: Guest): boolean =>
  before.charts !== after.charts || before.profile !== after.profile;

function noteHosts(index: ChangeIndex, seq: number, before: Guest, after: Guest): void {
  const add = (key: number): void => {
    addNumber(index.hostSeq, seq);
    addNumber(index.hostGuest, after.index);
    addNumber(index.hostKey, key);
  };
  if (before.devices !== after.devices) {
    add(everyHost);
    return;
  }
  if (walksOtherwise(before, after)) add(everyWalk);
  if (before.hosts !== after.hosts) {
    radixDifference<HostEntry>(before.hosts, after.hosts, add);
  }
}

/** Keeps what a step changed. */
export function noteChanges(index: ChangeIndex, { seq, before, after }: Step): void {
  if (before.guests === after.guests) return;
  for (const [at, guest] of after.guests.entries()) {
    const old = before.guests[at];
    if (old === guest || old === undefined) continue;
    noteHosts(index, seq, old, guest);
    const row = { seq, guest: at };
    if (old.p2m !== guest.p2m) noteTree(index, { ...row, shadow: 0 }, "p2m", old.p2m, guest.p2m);
    if (old.shadows === guest.shadows) continue;
    radixDifference(old.shadows.byId, guest.shadows.byId, (shadow) =>
      noteShadow(index, { ...row, shadow }, old, guest),
    );
  }
}

/** The changes up to an event, as an index that grows apart. */
export function forkChanges(index: ChangeIndex, until: number): ChangeIndex {
  const rows = placeOf(index.seq, until + 1);
  const hosts = placeOf(index.hostSeq, until + 1);
  const fork = Object.entries(index).map(([name, column]: [string, NumberColumn]) => [
    name,
    forkNumbers(column, name.startsWith("host") ? hosts : rows),
  ]);
  return Object.fromEntries(fork) as ChangeIndex;
}
