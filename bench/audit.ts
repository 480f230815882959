import { startAudit } from "../audit/audit.ts";
import { stepOf } from "../history/step.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds } from "./measure.ts";
import type { Recorded } from "./recorded.ts";
import { loadRecorded } from "./recorded.ts";

function foldAlone({ start, inputs }: Recorded): number {
  let world = start;
  for (const input of inputs) world = fold(world, input).world;
  return world.seq;
}

/** Folds and audits, as `shadowfold audit` does. */
function foldAudited({ start, inputs }: Recorded): number {
  const audit = startAudit(start);
  let world = start;
  for (const input of inputs) {
    const step = stepOf(world, input);
    audit.follow(step);
    world = step.after;
  }
  return audit.report().findings.length;
}

/** What the audit costs, in folds of the same recording. */
export function measureAudit(effort: Effort): readonly Figure[] {
  return ["linux-legacy-nvme-load", "linux-scalable-nvme"].flatMap((name): Figure[] => {
    const recorded = loadRecorded(name);
    const alone = bestSeconds(effort, () => foldAlone(recorded));
    const audited = bestSeconds(effort, () => foldAudited(recorded));
    const group = `audit ${name}`;
    const perSecond = recorded.inputs.length / audited;
    return [
      { group, name: "fold and audit", value: perSecond, unit: "inputs/s" },
      {
        ...{ group, name: "the same, against the fold alone", value: audited / alone },
        ...{ unit: "folds", budget: { atMost: 2 } },
      },
    ];
  });
}
