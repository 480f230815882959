import { FieldError } from "../../events/field.ts";
import type { Guest } from "../guest.ts";
import { stateFrom } from "./save-record.ts";
import { bodyOf, refuse } from "./save-text.ts";

/** What a record was found to say last, and what of its guest that was found by. */
type Known = Pick<Guest, "profile" | "p2m" | "devices" | "registers"> & {
  readonly record: string;
  readonly state: Partial<Guest>;
};

/** Whether a record can be is asked before it is restored: once for both. */
const known = new WeakMap<Guest["memory"], Known>();

const isOf = (last: Known, { profile, p2m, devices, registers }: Guest): boolean =>
  last.profile === profile &&
  last.p2m === p2m &&
  last.devices === devices &&
  last.registers === registers;

/**
 * What changes of a guest when its unit becomes as a record has it.
 *
 * @throws RecordError when the record is cut short, changed, of another version, of another unit or
 *   devices, or of tables that are not the guest's now.
 */
export function restoredState(guest: Guest, record: string): Partial<Guest> {
  const { profile, memory, p2m, devices, registers } = guest;
  const last = known.get(memory);
  if (last?.record === record && isOf(last, guest)) return last.state;
  const body = bodyOf(record);
  try {
    const state = stateFrom(guest, body);
    known.set(memory, { record, state, profile, p2m, devices, registers });
    return state;
  } catch (error) {
    if (error instanceof FieldError) return refuse(`the record cannot be: ${error.message}`);
    throw error;
  }
}
