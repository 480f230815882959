import { campaign } from "../../target/campaign.ts";
import { findQemu } from "../binary.ts";
import { knownIn } from "../deviation/known-in.ts";
import type { UnitProfile } from "../unit-options.ts";
import { qemuPlan } from "./target.ts";

/** What chasing a mistake in the model came to. */
export interface Chased {
  readonly text: string;
  readonly programs: number;
  readonly seconds: number;
}

/**
 * Looks for a difference between QEMU and the model that this module was bundled with.
 *
 * @returns what was found; `undefined` when nothing was in that time.
 * @throws ProgramError when QEMU cannot be run.
 */
export async function chaseInQemu(
  path: string | undefined,
  profile: UnitProfile,
  seed: number,
  seconds: number,
): Promise<Chased | undefined> {
  const start = performance.now();
  const qemu = await findQemu(path);
  const { tally, finding } = await campaign({
    target: qemuPlan(qemu, profile),
    known: knownIn(qemu),
    ...{ seed, seconds, runs: 1_000_000, lanes: 1, watch: () => undefined },
  });
  if (finding === undefined) return undefined;
  const text = finding.death ?? finding.comparison?.difference?.text ?? "";
  return { text, programs: tally.programs, seconds: (performance.now() - start) / 1000 };
}
