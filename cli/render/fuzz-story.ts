import { hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import { reasonsBehind } from "../../target/behind.ts";
import type { Finding } from "../../target/lane.ts";
import { fieldsText } from "./event.ts";
import { describeSteps } from "./fuzz-step.ts";

/** Facts of the last operation that a story ends with. */
const shownFacts = 12;

/** A fact in words; what a register was set to, and what of it a read does not show. */
function factText(fact: Fact, unit: Profile | undefined): string {
  const text = `${fact.type} ${fieldsText(fact)}`;
  if (fact.type !== "RegisterSet" || unit === undefined) return text;
  const unread = registersOf(unit).at(fact.offset)?.unread ?? 0n;
  const seen = fact.value & ~unread;
  return seen === fact.value ? text : `${text} (a read shows ${hex(seen)})`;
}

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
  const unit = difference?.after.guests[0]?.profile;
  const all = difference?.facts.map((fact) => `      ${factText(fact, unit)}`) ?? [];
  const left = all.length - shownFacts;
  const more = left > 0 ? [`      (${left.toString()} more before these)`] : [];
  const facts = [...more, ...all.slice(-shownFacts)];
  const model =
    facts.length === 0 ? [] : ["In the model follows from the last operation:", ...facts];
  const reasons = reasonsBehind(finding);
  return [...lines, "", end, ...reasons, ...model].join("\n");
}
