import type { Finding } from "../../target/lane.ts";
import { fieldsText } from "./event.ts";
import { describeSteps } from "./fuzz-step.ts";

/** Facts of the last operation that a story ends with. */
const shownFacts = 12;

/** A finding as something that a person can follow: what was done, and where the two part. */
export function story(target: string, finding: Finding): string {
  const { inputs, comparison, death } = finding;
  const describe = describeSteps(finding);
  const lines = inputs.map(
    (input, index) => `${(index + 1).toString().padStart(4)}. ${describe(input)}`,
  );
  const difference = comparison?.difference;
  const end =
    death === undefined
      ? `Then ${target} differs from the model: ${difference?.text ?? ""}.`
      : `Then ${death}.`;
  const all = difference?.facts.map((fact) => `      ${fact.type} ${fieldsText(fact)}`) ?? [];
  const left = all.length - shownFacts;
  const more = left > 0 ? [`      (${left.toString()} more before these)`] : [];
  const facts = [...more, ...all.slice(-shownFacts)];
  const model =
    facts.length === 0 ? [] : ["In the model follows from the last operation:", ...facts];
  return [...lines, "", end, ...model].join("\n");
}
