import type { Call } from "../../calls/call.ts";
import type { Kernel } from "./host-kernel.ts";
import { attachedOver, attachedTo, keyOf } from "./host-kernel.ts";

/** What hardware may hold of the first stages that a requester went through. */
interface Held {
  /** Pages that were translated. */
  readonly pages: Set<number>;
  /** Tables on the way, by level: the page number without the bits of the levels up to it. */
  readonly tables: ReadonlyMap<number, Set<number>>;
}

/** The same of every requester, by `keyOf`. */
export type HostCaches = Map<number, Held>;

/** Levels of tables that hardware may hold. */
export const tableLevels: readonly number[] = [1, 2, 3, 4];

/** What a requester's hardware holds, to add to. */
export function heldBy(caches: HostCaches, requester: number): Held {
  const known = caches.get(requester);
  if (known !== undefined) return known;
  const made = {
    pages: new Set<number>(),
    tables: new Map(tableLevels.map((at) => [at, new Set()])),
  };
  caches.set(requester, made as Held);
  return made as Held;
}

/** What a table of a level serves, in pages. */
export const spanOf = (level: number): number => 512 ** level;

/** Forgets pages, and the tables on the way to them unless these may stay. */
function forgetRange(held: Held, first: number, end: number, leafOnly: boolean): void {
  for (const page of held.pages) if (page >= first && page < end) held.pages.delete(page);
  if (leafOnly) return;
  for (const [level, prefixes] of held.tables) {
    const span = spanOf(level);
    for (const prefix of prefixes) {
      if (prefix * span < end && (prefix + 1) * span > first) prefixes.delete(prefix);
    }
  }
}

/** Forgets what an invalidation of a table names. */
function invalidate(held: Held, call: Extract<Call, { call: "invalidateTable" }>): void {
  const first = Number((call.input ?? 0n) >> 12n);
  const end = call.length === undefined ? 2 ** 52 : first + Number(call.length >> 12n);
  forgetRange(held, first, end, call.leafOnly);
}

/**
 * Forgets what a call makes hardware forget. A change of the space below makes it forget all that
 * was cached of tables over it: nobody knows which of their addresses lead there.
 *
 * @param kernel  as it was before the call.
 */
export function forget(caches: HostCaches, kernel: Kernel, call: Call): void {
  switch (call.call) {
    case "attach":
    case "detach":
      caches.delete(keyOf(call.requester));
      return;
    case "unmap":
      for (const { requester } of attachedOver(kernel, call.space)) {
        caches.delete(keyOf(requester));
      }
      return;
    case "invalidateTable":
      for (const { requester } of attachedTo(kernel, call.table)) {
        const held = caches.get(keyOf(requester));
        if (held !== undefined) invalidate(held, call);
      }
      return;
    default:
  }
}
