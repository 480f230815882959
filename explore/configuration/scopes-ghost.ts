import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Names } from "../canonical/names.ts";
import type { Judgement } from "../engine/configuration.ts";
import type { Known } from "./known-entries.ts";
import { judgeDma, known, reachable, tellKnown } from "./known-entries.ts";
import { devices, domains, iovaPages } from "./small-guest.ts";

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

/** No device has a domain; each domain has no page. */
export const scopesStart: ScopesGhost = {
  contexts: devices.map(() => known(0)),
  leaves: domains.map(() => iovaPages.map(() => known(0))),
};

/** The guest page of an IOVA in a domain. */
export const pageIn = (domain: number, index: number): number => 16 + domain * 2 + index;

/** Judges each DMA by what may still be used of what the driver wrote. */
export function judgeScopes(
  ghost: ScopesGhost,
  steps: readonly Step[],
  count: (name: string) => void,
): Judgement<ScopesGhost> {
  const { contexts, leaves } = ghost;
  const allowed = ({ device, iova }: InputOf<"Dma">): ReadonlySet<number> => {
    const index = iovaPages.indexOf(Number(iova >> 12n) as (typeof iovaPages)[number]);
    return reachable(
      contexts[devices.indexOf(device as (typeof devices)[number])],
      (domain) => leaves[domain - 1]?.[index],
      (domain) => pageIn(domain - 1, index),
    );
  };
  return judgeDma(ghost, steps, allowed, count);
}

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
