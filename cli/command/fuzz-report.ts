import { writeFileSync } from "node:fs";
import { logOf } from "../../target/finding-log.ts";
import type { Known } from "../../target/known.ts";
import type { Finding } from "../../target/lane.ts";
import { isFinding, openLane } from "../../target/lane.ts";
import { ProgramError } from "../../target/program-error.ts";
import { shrinkFinding } from "../../target/shrink.ts";
import type { TargetPlan } from "../../target/target.ts";
import { fileError } from "../input-error.ts";
import type { Run } from "../run.ts";
import { startStatus } from "../status-line.ts";
import type { Against } from "./fuzz-target.ts";

const shrinkSeconds = 30;

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw fileError(file, error);
  }
}

/** Makes a finding small, if it happens again, and saves it. @returns the files. */
export async function reportFinding(
  run: Run,
  found: Finding,
  against: Against,
  options: { readonly out: string; readonly log?: string },
) {
  const { target, known, kept, profile } = against;
  const status = startStatus(run.terminal);
  try {
    const { small, again } = await shrunk(target, known, found, (inputs) =>
      status.say(`shrinking: ${inputs.toString()} operations`),
    );
    const files = { log: `${options.out}.ndjson`, [kept.name]: `${options.out}.${kept.ending}` };
    const which =
      options.log === undefined
        ? `--seed ${found.seed.toString()} (program ${found.index.toString()})`
        : "--log";
    const about = `Found by shadowfold fuzz --profile ${profile} ${which}.`;
    write(files.log, logOf({ guests: [small.setup] }, small));
    write(`${options.out}.${kept.ending}`, kept.textOf(small, about));
    return { small, files, use: kept.use, again };
  } finally {
    status.done();
  }
}

/** A finding made small, if it happens again when the same program runs a second time. */
async function shrunk(
  target: TargetPlan,
  known: Known,
  found: Finding,
  watch: (inputs: number) => void,
): Promise<{ readonly small: Finding; readonly again: boolean }> {
  const lane = await openLane(target, known, true).catch((error: unknown) => {
    if (!(error instanceof ProgramError)) throw error;
    return undefined;
  });
  if (lane === undefined) return { small: found, again: false };
  try {
    if (!isFinding(await lane.run(found.inputs))) return { small: found, again: false };
    return { small: await shrinkFinding(lane, found, shrinkSeconds, watch), again: true };
  } finally {
    await lane.stop();
  }
}
