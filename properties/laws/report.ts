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

/** Which world it was: the seed that draws it, and its place among those that the seed draws. */
interface Place {
  readonly seed: number;
  readonly path: number;
}

/** The first line of a report. */
export const headOf = ({ law, seq, text }: Violation, { seed, path }: Place): string =>
  `${law} at event ${seq}: ${text} (seed ${seed}, path ${path})`;

/** A violation with the shortest program that shows it, for people. Shrinking takes up to 10 s. */
export function reportOf(program: Program, law: Law, where: Place): string {
  const end = performance.now() + longest;
  const fails = (tried: Program): boolean => judge(tried, law) !== undefined;
  const small = shrinkInputs(program, fails, () => performance.now() > end);
  const violation = judge(small, law);
  const guests = small.setup.guests.map(({ cap, ecap, haw, devices }, index) => {
    const sources = devices.map(({ device, physical }) => `${device}${physical ? "" : " virtual"}`);
    const words = `CAP 0x${cap.toString(16)} ECAP 0x${ecap.toString(16)}`;
    return `guest ${index}: ${words} HAW ${haw ?? ""}, devices ${sources.join(", ")}`;
  });
  const head = violation ?? { law: law.id, seq: 0, text: "is not broken again" };
  return [headOf(head, where), ...guests, ...small.inputs.map(lineOf)].join("\n");
}
