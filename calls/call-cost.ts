import type { Call } from "./call.ts";

/** How many calls of a kind there were, and pages of 4 KiB that they named. */
export interface Cost {
  readonly calls: number;
  readonly pages: number;
}

/** What calls cost, by their names. */
export type Costs = ReadonlyMap<Call["call"], Cost>;

/** The pages that a call names. Of one that names everything, none. */
export function pagesOf(call: Call): number {
  const { length } = call as { readonly length?: bigint | undefined };
  return length === undefined ? 0 : Number(length >> 12n);
}

/** Costs with those of some more calls. */
export function costsAfter(costs: Costs, calls: readonly Call[]): Costs {
  if (calls.length === 0) return costs;
  const after = new Map(costs);
  for (const one of calls) {
    const { calls: count, pages } = after.get(one.call) ?? { calls: 0, pages: 0 };
    after.set(one.call, { calls: count + 1, pages: pages + pagesOf(one) });
  }
  return after;
}
