import { profileOf } from "../events/profile/profile.ts";
import { lineOf } from "./connection/stdio.ts";
import type { Request } from "./implementation.ts";
import { protocolVersion } from "./implementation.ts";
import { everyRegister } from "./implementation-target.ts";
import type { Finding } from "./lane.ts";
import { askedOf } from "./requests.ts";

/**
 * A finding as the lines that a program is sent, up to the step that differs: as its standard input
 * they show it again.
 */
export function transcriptOf({ steps, comparison, diedAt, setup }: Finding): string {
  const last = comparison?.difference?.at ?? diedAt ?? steps.length;
  const unit = profileOf(setup);
  const { ver, cap, ecap } = unit;
  const asked = askedOf(
    steps.slice(0, last + 1),
    { op: "reset", ver, cap, ecap },
    everyRegister(unit),
  );
  const requests: readonly Request[] = [
    { op: "hello", version: protocolVersion },
    ...asked.requests.slice(0, last < steps.length ? asked.memory : undefined),
  ];
  return requests.map((request, index) => lineOf(index + 1, request)).join("");
}
