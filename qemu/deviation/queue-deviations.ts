import type { Profile } from "../../events/profile.ts";
import { evolve } from "../../projections/evolve.ts";
import { at } from "../../projections/registers.ts";
import type { Deviation, Other, Situation } from "./deviation.ts";

const fetching: ReadonlySet<string> = new Set(["QueueStarted", "QueueHalted"]);

/** The guest after all that follows from a step until the queue starts to fetch. */
function untilFetching({ world, input, facts }: Situation): Other | undefined {
  const first = facts.findIndex(({ type }) => fetching.has(type));
  const kept = facts.slice(0, Math.max(0, first));
  const after = kept.reduce(evolve, evolve(world, input));
  const [guest] = after.guests;
  return guest && { guest, facts: kept };
}

/**
 * Descriptors that QEMU executes although they are wrong: of interrupt entries with reserved bits,
 * of device TLBs and PASIDs that the unit has not, and whatever has bits 11:9 set.
 */
function isAccepted(descriptor: bigint, iqei: number, profile: Profile): boolean {
  const low = Number(descriptor & 0xfn);
  if (iqei === 4) return low === 4 || low === 7;
  if (iqei !== 3) return false;
  if ((descriptor & 0xe00n) !== 0n) return true;
  return (
    ((low === 3 || low === 8) && !profile.deviceTlb) || ((low === 6 || low === 7) && !profile.smts)
  );
}

/** Deviations of QEMU in its invalidation queue. */
export const queueDeviations: readonly Deviation[] = [
  {
    id: "descriptor-accepted",
    explains: ({ what, facts, before }) => {
      if (what !== "register" && what !== "event") return undefined;
      const halted = facts.find((fact) => fact.type === "QueueHalted");
      const fetched = facts.findLast((fact) => fact.type === "DescriptorFetched");
      if (halted?.error !== "IQE" || fetched === undefined) return undefined;
      return isAccepted(fetched.descriptor, halted.iqei, before.profile) ? "end" : undefined;
    },
  },
  {
    id: "queue-not-resumed",
    explains: (situation) => {
      const { input, facts } = situation;
      if (input.type !== "RegisterWrite" || input.offset !== at.fsts) return undefined;
      const isResumed = facts.some(({ type }) => fetching.has(type));
      return isResumed ? untilFetching(situation) : undefined;
    },
  },
];
