import { hex } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { landingOf } from "../../target/landing.ts";
import type { Digest } from "../canonical/digest.ts";
import type { Judgement } from "../engine/configuration.ts";
import { frameOf } from "./small-guest.ts";

/** What an entry says now, and what may still be used because no invalidation has covered it. */
export interface Known {
  readonly now: number;
  /** With what it says now; in ascending order. */
  readonly possible: readonly number[];
}

/** An entry that is announced as it is. */
export const known = (now: number): Known => ({ now, possible: [now] });

/** An entry that says something else, unannounced. */
export const written = ({ possible }: Known, now: number): Known => ({
  now,
  possible: [...new Set([...possible, now])].sort((a, b) => a - b),
});

/** An entry of which those values are forgotten that an invalidation covers. */
export const announced = ({ now, possible }: Known, covers: (value: number) => boolean): Known => ({
  now,
  possible: possible.filter((value) => value === now || !covers(value)),
});

/** A request that is blocked, among guest pages. */
const blocked = -1;

/**
 * What a request may come to: a guest page, or -1 for a fault.
 *
 * @param domain  the number of its domain, from 1; 0 where it has none.
 * @param leafIn  its leaf in a domain: 1 where it maps its page.
 * @param pageIn  that page.
 */
export function reachable(
  domain: Known | undefined,
  leafIn: (domain: number) => Known | undefined,
  pageIn: (domain: number) => number | undefined,
): ReadonlySet<number> {
  const all = new Set<number>();
  for (const each of domain?.possible ?? []) {
    if (each === 0) all.add(blocked);
    for (const leaf of each === 0 ? [] : (leafIn(each)?.possible ?? [])) {
      all.add(leaf === 0 ? blocked : (pageIn(each) ?? blocked));
    }
  }
  return all;
}

const textOf = (page: number): string =>
  page === blocked ? "a fault" : `guest page ${hex(BigInt(page))}`;

/** Judges each DMA by what it may come to. */
export function judgeDma<Ghost>(
  ghost: Ghost,
  steps: readonly Step[],
  allowed: (input: InputOf<"Dma">) => ReadonlySet<number>,
  count: (name: string) => void,
): Judgement<Ghost> {
  for (const { input, facts } of steps) {
    if (input.type !== "Dma") continue;
    const landed = landingOf(facts);
    const found = landed === undefined ? blocked : Number((landed.hpa ?? 0n) >> 12n) - frameOf(0);
    const possible = allowed(input);
    count(found === blocked ? "fault" : "landed");
    if (possible.size > 1) count("one of several");
    if (possible.has(found)) continue;
    const wanted = [...possible].map(textOf).join(" or ");
    return { ghost, wrong: `a DMA comes to ${textOf(found)}, and can only come to ${wanted}` };
  }
  return { ghost };
}

/** Tells what is known of an entry, its values by other names. */
export const tellKnown = (
  to: Digest,
  { now, possible }: Known,
  name: (value: number) => number,
): void => {
  to.field(name(now));
  to.field(possible.reduce((sum, value) => sum + 2 ** name(value), 0));
};
