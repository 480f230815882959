import { encodeHeader, encodeInput } from "../../events/log/log.ts";
import { encodeEnd } from "../../events/log/log-end.ts";
import type { Evidence } from "../../explain/evidence.ts";
import { StateError } from "../../explain/state/state-error.ts";
import type { State } from "../../explain/state/state-of.ts";
import { devicesOfState, stateOf } from "../../explain/state/state-of.ts";
import { SetupError } from "../../hypervisor/create-world.ts";
import { InputError } from "../input-error.ts";
import { openWriter } from "../write.ts";

/** Where a state is to be written, and of which unit. */
export interface StateOptions {
  readonly state?: string;
  readonly unit?: string;
}

function stateIn(file: string, evidence: Evidence, unit: string | undefined): State {
  try {
    return stateOf(evidence, unit);
  } catch (error) {
    if (error instanceof StateError || error instanceof SetupError) {
      throw new InputError(`${file}: ${error.message}`);
    }
    throw error;
  }
}

/**
 * Writes the log of the state that a dump shows.
 *
 * @returns what to say of it, one sentence each.
 * @throws InputError when no state can be made, or the log cannot be written.
 */
export async function writeState(
  file: string,
  evidence: Evidence,
  { state: to, unit }: StateOptions,
): Promise<readonly string[]> {
  if (to === undefined) return [];
  const state = stateIn(file, evidence, unit);
  const writer = openWriter(to);
  await writer.line(encodeHeader(state.setup));
  for (const [index, input] of state.inputs.entries()) {
    await writer.line(encodeInput(index + 1, input));
  }
  await writer.line(encodeEnd(state.inputs.length));
  await writer.close();
  const devices = devicesOfState(state).join(", ");
  return [
    `The state of ${state.unit} is in ${to}, for translate and why; devices: ${devices}.`,
    ...state.notes,
  ];
}
