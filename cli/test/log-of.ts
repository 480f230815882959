import type { Input } from "../../events/input.ts";
import { encodeHeader, encodeInput } from "../../events/log/log.ts";
import type { Setup } from "../../events/setup.ts";

/** A log without facts, for tests. */
export const logOf = (setup: Setup, inputs: readonly Input[]): string =>
  [encodeHeader(setup), ...inputs.map((input, index) => encodeInput(index + 1, input))]
    .map((line) => `${line}\n`)
    .join("");
