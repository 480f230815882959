import type { Input } from "../../events/input.ts";
import { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";

/** Inputs of a log that is run as one program, at most. */
const mostInputs = 20_000;

/** The inputs of a log or recording. @throws InputError when it cannot be read. */
export async function inputsOf(file: string): Promise<readonly Input[]> {
  const inputs: Input[] = [];
  const { batches } = await openSource(file);
  for await (const batch of batches) {
    for (const entry of batch) {
      if (!("input" in entry)) continue;
      inputs.push(entry.input);
      if (inputs.length > mostInputs) {
        throw new InputError(
          `${file}: has more than ${mostInputs} inputs, too many for one program`,
        );
      }
    }
  }
  return inputs;
}
