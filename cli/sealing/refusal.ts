import { SealFormatError, SealRefused } from "../../seal/seal-error.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";

/**
 * Says by name why a file does not hold, on standard output, and that the run ends with exit
 * code 1; what is in no known form is an error about the input. Anything else is thrown on.
 */
export function tellRefusal(run: Run, file: string, error: unknown, json: boolean): void {
  if (error instanceof SealFormatError) throw new InputError(`${file}: ${error.message}`);
  if (!(error instanceof SealRefused)) throw error;
  const { refusal, why } = error;
  const { out, colours } = run.terminal;
  out(
    json
      ? renderJson({ file, holds: false, refusal, why })
      : `${colours.red(`${file}: refused, ${refusal}: ${why}`)}\n`,
  );
  run.differ();
}
