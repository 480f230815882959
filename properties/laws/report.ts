import { shapeToJson } from "../../events/field.ts";
import type { Input } from "../../events/input.ts";
import { inputs as tables } from "../../events/input.ts";
import { shrinkInputs } from "../hunt/shrink.ts";
import type { Violation } from "../verdict.ts";
import type { Program } from "../world/program.ts";
import type { Law } from "./law.ts";
import { runOf } from "./run.ts";

const lineOf = (input: Input): string =>
  JSON.stringify({ type: input.type, ...shapeToJson(tables[input.type], input) });

/** What a law says to a program; a throw counts as a violation. */
function judge(program: Program, law: Law): Violation | undefined {
  try {
    return law.check(runOf(program), () => {});
  } catch (error) {
    return { law: law.id, seq: 0, text: String(error) };
  }
}

const longest = 10_000;

/** A violation with the shortest program that shows it, for people. Shrinking takes up to 10 s. */
export function reportOf(program: Program, law: Law, seed: number): string {
  const end = performance.now() + longest;
  const fails = (tried: Program): boolean => judge(tried, law) !== undefined;
  const small = shrinkInputs(program, fails, () => performance.now() > end);
  const violation = judge(small, law);
  const guests = small.setup.guests.map(({ cap, ecap, haw, devices }, index) => {
    const sources = devices.map(({ device, physical }) => `${device}${physical ? "" : " virtual"}`);
    const words = `CAP 0x${cap.toString(16)} ECAP 0x${ecap.toString(16)}`;
    return `guest ${index}: ${words} HAW ${haw ?? ""}, devices ${sources.join(", ")}`;
  });
  const head = `${law.id} at event ${violation?.seq ?? 0}: ${violation?.text ?? ""} (seed ${seed})`;
  return [head, ...guests, ...small.inputs.map(lineOf)].join("\n");
}
