import type { Access } from "../../events/input.ts";
import { compareProbe } from "./compare-probe.ts";
import type { Comparison } from "./each-key.ts";
import { compareChanged, probesAt } from "./each-key.ts";
import { hostParts } from "./host-answer.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";

const settledAnswers = (probe: Probe) => (access: Access) => [probe.expected[access].composed];

/** What the host may do while something is pending. */
const candidates = (probe: Probe) => (access: Access) => {
  if (!probe.expected.complete) return undefined;
  return probe.expected.candidates.map((each) => each[access].composed);
};

/** What a key meets where nothing is pending. */
function settledNotes({ expected }: Probe): readonly string[] {
  const { composed } = expected.read;
  if ("hole" in composed) return ["hole"];
  if ("fault" in composed) return ["faulting"];
  if ("hpa" in composed) return [composed.size === "4K" ? "mapped" : "superpage"];
  return [];
}

/** What leads to a page in scalable mode. */
function kindNotes({ expected, key }: Probe): readonly string[] {
  const { kind } = expected;
  if (kind === "firstStage") return ["first stage"];
  if (kind === "nested") return ["nested"];
  return kind === "tables" && key.pasid !== undefined ? ["second stage with PASID"] : [];
}

/** A key of which nothing is pending. */
export const settledKey: Comparison = {
  parts: hostParts,
  compare(probe) {
    if (probe.expected.pending) return undefined;
    const violation = compareProbe("SH1", probe, settledAnswers(probe));
    return { notes: [...settledNotes(probe), ...kindNotes(probe)], violation };
  },
};

export const shadowMatches: Law = {
  id: "SH1",
  says:
    "Where nothing is pending, the shadow is what walking the guest's tables and the P2M " +
    "gives.",
  sometimes: [
    ...["mapped", "faulting", "hole", "superpage"],
    ...["first stage", "nested", "second stage with PASID"],
  ],
  check: (run, count) => compareChanged(sightOf(run), settledKey, count),
};

/** A key of which something is pending. */
export const pendingKey: Comparison = {
  parts: hostParts,
  compare(probe) {
    const { pending, candidates: all } = probe.expected;
    if (!pending) return undefined;
    const first = all.length > 1 ? ["pending", "several candidates"] : ["pending"];
    const violation = compareProbe("SH2", probe, candidates(probe));
    if (violation !== undefined) return { notes: first, violation };
    const stale = compareProbe("SH2", probe, settledAnswers(probe)) !== undefined;
    return { notes: [...first, ...kindNotes(probe), ...(stale ? ["stale"] : [])] };
  },
};

export const shadowWasRight: Law = {
  id: "SH2",
  says:
    "Where something is pending, the shadow is what was right at some time since the covering " +
    "invalidation.",
  sometimes: [
    ...["pending", "several candidates", "stale"],
    ...["first stage", "nested", "second stage with PASID"],
  ],
  check: (run, count) => compareChanged(sightOf(run), pendingKey, count),
};

export const waitMeansDone: Law = {
  id: "IV1",
  says: "When a wait completes, the shadow reflects every invalidation before it.",
  sometimes: ["waits"],
  check(run, count) {
    const sight = sightOf(run);
    for (const probe of probesAt(sight, sight.waiting)) {
      count("waits");
      const { pending } = probe.expected;
      const allowed = pending ? candidates(probe) : settledAnswers(probe);
      const violation = compareProbe("IV1", probe, allowed);
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
};
