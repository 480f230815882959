import type { Guest } from "../projections/guest.ts";
import type { Call } from "./call.ts";

/** A guest before a step and after it. */
export interface Change {
  readonly before: Guest;
  readonly after: Guest;
}

/** A step's calls by what they do, in the order in which they are made. */
export interface Phases {
  /** Takes away; nothing reaches more. */
  readonly less: Call[];
  /** Makes what nobody uses yet, with all that is in it. */
  readonly made: Call[];
  /** Sends requesters elsewhere. */
  readonly moved: Call[];
  /** Adds what those who are there now may reach. */
  readonly more: Call[];
  /** Takes back what nobody uses any more: tables before the spaces below them. */
  readonly tables: Call[];
  readonly spaces: Call[];
}

export const newPhases = (): Phases => ({
  less: [],
  made: [],
  moved: [],
  more: [],
  tables: [],
  spaces: [],
});

/** A step's calls, each phase after the one before it. */
export const inOrder = ({ less, made, moved, more, tables, spaces }: Phases): readonly Call[] => [
  ...less,
  ...made,
  ...moved,
  ...more,
  ...tables,
  ...spaces,
];

/** Adds calls to those before them, however many there are. */
export function addAll(calls: Call[], more: Iterable<Call>): void {
  for (const call of more) calls.push(call);
}
