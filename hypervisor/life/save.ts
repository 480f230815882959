import type { InputOf } from "../../events/input.ts";
import { restoredState } from "../../projections/life/restored-state.ts";
import { saveGuest } from "../../projections/life/save-record.ts";
import { RecordError } from "../../projections/life/save-text.ts";
import type { Turn } from "../turn.ts";
import { guestIn } from "../turn.ts";
import { stepLife } from "./life-cycle.ts";

/** The unit is written down; it goes on as it was. */
export function saveUnit(turn: Turn): void {
  const guest = guestIn(turn);
  const there = guest.charts.life === "present";
  const record = there ? saveGuest(guest, turn.owners) : "";
  stepLife(turn, { type: "Save", record });
}

/** Why a record cannot be restored, or `undefined`. */
function whyNot(turn: Turn, record: string): string | undefined {
  try {
    restoredState(guestIn(turn), record);
    return undefined;
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
}

/**
 * The unit becomes what a record says.
 *
 * Reading: a request that was in flight before the restore is lost; those of the record are in
 * flight again.
 */
export function restoreUnit(turn: Turn, { record }: InputOf<"UnitRestore">): void {
  const there = guestIn(turn).charts.life === "present";
  const why = there ? whyNot(turn, record) : undefined;
  stepLife(turn, { type: "Restore", record, why });
}
