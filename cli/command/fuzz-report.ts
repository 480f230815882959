import { logOf } from "../../target/finding-log.ts";
import type { Finding } from "../../target/lane.ts";
import { makeSmall } from "../../target/make-small.ts";
import { freePrefix } from "../output-prefix.ts";
import type { Reported } from "../render/fuzz.ts";
import type { Run } from "../run.ts";
import { saveTexts } from "../save-texts.ts";
import { startStatus } from "../status-line.ts";
import type { Against } from "./fuzz-target.ts";

/** How long shrinking may take; of a target that is silent each try takes long. */
const [shrinkSeconds, silentSeconds] = [30, 15];

/** What is done with a finding, and for how long at most. */
function textOf(found: Finding, seconds: number, inputs: number, tries: number): string {
  const what = found.isSilent === true ? "the target was silent; shrinking" : "shrinking";
  const left = `${inputs.toString()} operations left after ${tries.toString()} tries`;
  return `${what}: ${left}, for ${seconds.toString()} s at most`;
}

/** Makes a finding small, if it happens again, and saves it, if it can be. */
export async function reportFinding(
  run: Run,
  found: Finding,
  against: Against,
  options: { readonly out: string; readonly log?: string; readonly stop: AbortSignal },
): Promise<Reported> {
  const { target, known, kept, profile } = against;
  const { stop } = options;
  const status = startStatus(run.terminal);
  const seconds = found.isSilent === true ? silentSeconds : shrinkSeconds;
  const watch = (inputs: number, tries: number): void =>
    status.say(textOf(found, seconds, inputs, tries));
  watch(found.inputs.length, 0);
  const made = await makeSmall({ target, known, seconds, watch, stop }, found).finally(status.done);
  const { finding: small, again, cut } = made;
  const out = freePrefix(options.out, ["ndjson", kept.ending]);
  const files = { log: `${out}.ndjson`, [kept.name]: `${out}.${kept.ending}` };
  const which =
    options.log === undefined
      ? `--seed ${found.seed.toString()} (program ${found.index.toString()})`
      : "--log";
  const about = `Found by shadowfold fuzz --profile ${profile} ${which}.`;
  const unsaved = saveTexts({
    [files.log]: logOf({ guests: [small.setup] }, small),
    [`${out}.${kept.ending}`]: kept.textOf(small, about),
  });
  const told = { small, files, use: kept.use, again, cut: cut === "time" ? seconds : cut };
  return { ...told, unsaved };
}
