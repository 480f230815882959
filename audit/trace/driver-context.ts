import type { Context, Invalidated, MappingChanged } from "./observation.ts";
import type { Range, Reach } from "./reach.ts";
import { overlaps, without } from "./reach.ts";

/** A mapping or unmapping that an invalidation has to announce. */
export interface Change {
  readonly seen: MappingChanged;
  /** What no invalidation of its own context covers yet. */
  open: readonly Range[];
  /** What no invalidation covers yet, wherever it comes from. */
  rest: readonly Range[];
  /** The invalidation with which nothing was left, wherever it came from. */
  coveredAt: Invalidated | undefined;
  /** The first mapping of the same IOVA while some was left. */
  remapped: Change | undefined;
  /** The invalidations that covered some of it, in order. */
  readonly covered: Invalidated[];
  /** The domain whose mapping it is, as an invalidation or the mapping before says. */
  did: number | undefined;
}

/** What a context did last, until it did something else. */
export interface Flow {
  changes: Change[];
}

/**
 * How a change was left: `met` at once, in its own context; `left` open by a context that went on
 * to something else; or still `open` when the trace ends.
 */
export interface Watch {
  readonly met: (change: Change) => void;
  readonly left: (change: Change) => void;
  readonly open: (change: Change) => void;
}

/** Changes of one context that may share an invalidation; more of them are never announced. */
const longestBatch = 1024;

const rangeOf = ({ first, end }: MappingChanged): Range => ({ first, end });

/**
 * Whether a change may be announced together with those before it: several of a kind may be, but
 * not one after another of the same page, nor one with what was announced in part.
 */
const mayShare = ({ changes }: Flow, seen: MappingChanged): boolean =>
  changes.length < longestBatch &&
  changes.every(
    (one) =>
      one.seen.change === seen.change &&
      one.covered.length === 0 &&
      !overlaps(rangeOf(one.seen), rangeOf(seen)),
  );

/** The changes that a context has made and not announced. */
export function startFlows(watch: Watch): {
  readonly change: (seen: MappingChanged) => Change;
  readonly invalidate: (seen: Invalidated, reach: Reach) => void;
  readonly pause: (context: Context) => void;
  readonly end: () => void;
} {
  const flows = new Map<Context, Flow>();
  const flowOf = (context: Context): Flow => {
    const found = flows.get(context);
    if (found !== undefined) return found;
    const made: Flow = { changes: [] };
    flows.set(context, made);
    return made;
  };
  const leaveAll = (flow: Flow): void => {
    const { changes } = flow;
    flow.changes = [];
    for (const one of changes) watch.left(one);
  };
  return {
    change: (seen) => {
      const flow = flowOf(seen.context);
      const range = rangeOf(seen);
      if (!mayShare(flow, seen)) leaveAll(flow);
      const made: Change = {
        seen,
        open: [range],
        rest: [range],
        covered: [],
        did: undefined,
        coveredAt: undefined,
        remapped: undefined,
      };
      flow.changes.push(made);
      return made;
    },
    invalidate: (seen, reach) => {
      const flow = flows.get(seen.context);
      if (flow === undefined || flow.changes.length === 0) return;
      let reached = false;
      for (const one of flow.changes) {
        const open = without(one.open, reach);
        if (open.length === 1 && open[0] === one.open[0]) continue;
        reached = true;
        one.open = open;
        one.covered.push(seen);
      }
      if (!reached) return;
      const { changes } = flow;
      flow.changes = changes.filter(({ open, covered }) => open.length > 0 && covered.length > 0);
      for (const one of changes) {
        if (one.open.length === 0) watch.met(one);
        else if (one.covered.length === 0) watch.left(one);
      }
    },
    pause: (context) => leaveAll(flowOf(context)),
    end: () => {
      for (const flow of flows.values()) for (const one of flow.changes) watch.open(one);
    },
  };
}
