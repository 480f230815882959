import { hex } from "../../events/address.ts";
import type { Judge } from "./finding.ts";
import type { Observation } from "./observation.ts";
import { reachOf } from "./reach.ts";

/** An interrupt entry as it was read last. */
interface Entry {
  value: bigint;
  /** The line of its newest change, until an invalidation covers it. */
  changed: { readonly line: number; readonly from: bigint } | undefined;
  /** Whether an invalidation covered it since it was read. */
  announced: boolean;
}

/**
 * Follows interrupt entries as the unit reads them: a change is announced by an invalidation before
 * the next change, at the latest by the end of the trace.
 */
export function checkInterruptEntries(observations: readonly Observation[], judge: Judge): void {
  const entries = new Map<number, Entry>();
  const stale = (index: number, { changed }: Entry): void => {
    if (changed === undefined) return;
    const text = `interrupt entry ${index.toString()} is no longer ${hex(changed.from)}`;
    judge.disagree("staleInterruptEntry", changed.line, `${text}; no invalidation covers it`);
  };
  for (const seen of observations) {
    if (seen.kind === "interruptEntryRead") {
      const { index, value, line } = seen;
      const entry = entries.get(index);
      if (entry === undefined) entries.set(index, { value, changed: undefined, announced: false });
      else if (entry.value === value) judge.agree();
      else {
        stale(index, entry);
        entry.changed = entry.announced ? undefined : { line, from: entry.value };
        if (entry.announced) judge.agree();
        [entry.value, entry.announced] = [value, false];
      }
    } else if (seen.kind === "invalidated") {
      const { name, range } = reachOf(seen.words);
      if (name !== "interruptEntry") continue;
      for (const [index, entry] of entries) {
        const at = BigInt(index);
        if (range !== undefined && (at < range.first || at >= range.end)) continue;
        if (entry.changed !== undefined) judge.agree();
        [entry.changed, entry.announced] = [undefined, true];
      }
    }
  }
  for (const [index, entry] of entries) stale(index, entry);
}
