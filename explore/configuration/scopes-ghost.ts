import { hex } from "../../events/address.ts";
import type { Step } from "../../history/step.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Names } from "../canonical/names.ts";
import type { Judgement } from "../engine/configuration.ts";
import { devices, domains, frameOf, iovaPages } from "./small-guest.ts";

/** What an entry says now, and what may still be used because no invalidation has covered it. */
export interface Known {
  readonly now: number;
  /** With what it says now; in ascending order. */
  readonly possible: readonly number[];
}

/**
 * What the driver wrote and announced. Contexts are numbers of domains from 1, or 0; leaves are 1
 * where they map their page.
 */
export interface ScopesGhost {
  /** By number of the device. */
  readonly contexts: readonly Known[];
  /** By number of the domain, from 0, and of the IOVA. */
  readonly leaves: readonly (readonly Known[])[];
}

/** An entry that is announced as it is. */
export const known = (now: number): Known => ({ now, possible: [now] });

/** No device has a domain; each domain has no page. */
export const scopesStart: ScopesGhost = {
  contexts: devices.map(() => known(0)),
  leaves: domains.map(() => iovaPages.map(() => known(0))),
};

/** The guest page of an IOVA in a domain. */
export const pageIn = (domain: number, index: number): number => 16 + domain * 2 + index;

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

/** What a device's request may come to: a guest page, or -1 for a fault. */
function allowed({ contexts, leaves }: ScopesGhost, device: number, index: number): Set<number> {
  const all = new Set<number>();
  for (const domain of contexts[device]?.possible ?? []) {
    if (domain === 0) all.add(-1);
    else {
      for (const leaf of leaves[domain - 1]?.[index]?.possible ?? []) {
        all.add(leaf === 0 ? -1 : pageIn(domain - 1, index));
      }
    }
  }
  return all;
}

const textOf = (page: number): string => (page < 0 ? "a fault" : `guest page ${hex(BigInt(page))}`);

/** Judges each DMA by what may still be used of what the driver wrote. */
export function judgeScopes(
  ghost: ScopesGhost,
  steps: readonly Step[],
  count: (name: string) => void,
): Judgement<ScopesGhost> {
  for (const { input, facts } of steps) {
    if (input.type !== "Dma") continue;
    const device = devices.indexOf(input.device as (typeof devices)[number]);
    const index = iovaPages.indexOf(Number(input.iova >> 12n) as (typeof iovaPages)[number]);
    const landed = facts.find((fact) => fact.type === "DmaLanded");
    const frame = landed?.type === "DmaLanded" ? Number((landed.hpa ?? 0n) >> 12n) : undefined;
    const found = frame === undefined ? -1 : frame - frameOf(0);
    const possible = allowed(ghost, device, index);
    count(found < 0 ? "fault" : "landed");
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

/** Tells what the ghost knows. */
export function tellScopes(to: Digest, ghost: ScopesGhost, names: Names): void {
  for (const [device, context] of ghost.contexts.entries()) {
    to.begin(kinds.ghost);
    to.field(names.source(devices[device] ?? 0));
    tellKnown(to, context, (domain) => (domain === 0 ? 0 : names.did(domain)));
    to.end();
  }
  for (const [domain, leaves] of ghost.leaves.entries()) {
    for (const [index, leaf] of leaves.entries()) {
      to.begin(kinds.ghost);
      to.field(-1);
      to.field(names.did(domain + 1));
      to.field(names.iova(iovaPages[index] ?? 0));
      tellKnown(to, leaf, (value) => value);
      to.end();
    }
  }
}
