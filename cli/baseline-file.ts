import { readFileSync } from "node:fs";
import type { Baseline } from "../audit/report/baseline.ts";
import { baselineOf, isBaseline } from "../audit/report/baseline.ts";
import { parseJson } from "../events/json.ts";
import { fileError, InputError } from "./input-error.ts";

/**
 * Reads what somebody has accepted; nothing without a file.
 *
 * @throws InputError when it cannot be read or is no baseline.
 */
export function readBaseline(file: string | undefined): Baseline {
  if (file === undefined) return new Map();
  let value: unknown;
  try {
    value = parseJson(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new InputError(`${file}: no JSON`);
    throw fileError(file, error);
  }
  const baseline = baselineOf(value);
  if (isBaseline(baseline)) return baseline;
  throw new InputError(`${file}: no baseline of an audit: ${baseline.why}`);
}
