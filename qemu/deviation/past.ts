import type { Fact } from "../../events/fact.ts";
import type { Past } from "./deviation.ts";

/** Nothing has happened yet. */
export const noPast = (): Past => ({ queueAddress: 0n, reached: new Map() });

/** Takes the facts of one step into account. */
export function follow(past: Past, facts: readonly Fact[]): void {
  for (const fact of facts) {
    if (fact.type === "QueueEnabled") past.queueAddress = fact.value;
  }
}
