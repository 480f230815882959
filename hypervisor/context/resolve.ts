import { reason } from "../../events/fault/fault-reason.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import type { Guest } from "../../projections/guest.ts";
import { tableModeOf } from "../../projections/registers/registers.ts";
import type { Context } from "./context.ts";
import { resolveLegacy } from "./context.ts";
import type { ContextStep } from "./entry-cursor.ts";
import { resolveExtended } from "./extended.ts";
import { resolveScalable } from "./pasid.ts";

const { legacy, scalable, extended, abort } = Rtaddr.fields.ttm.names;

/**
 * What the guest's tables, as they are in its memory, say of the requests of a source-id: through
 * the latched root pointer, in the mode that it says. A request with PASID in legacy mode faults
 * (31h, in version 2.x 1Ch); so does every request in abort-DMA mode (33h), and when the root
 * pointer's mode is not one that the unit has (30h).
 *
 * Reading: RTT in a unit without extended contexts is such a mode, as later versions have it; in
 * 2.x the bit is reserved there, and no text says that anything faults.
 *
 * @param pasid  of the request, or `undefined` for those without.
 * @param step   told of each entry read.
 */
export function resolve(
  guest: Guest,
  source: number,
  pasid: number | undefined,
  step?: (step: ContextStep) => void,
): Context {
  const mode = tableModeOf(guest);
  if (mode === scalable && guest.profile.smts) return resolveScalable(guest, source, pasid, step);
  if (mode === extended && guest.profile.ecs) return resolveExtended(guest, source, pasid, step);
  if (mode === legacy && pasid === undefined) return resolveLegacy(guest, source, step);
  return { kind: "blocked", reason: modeFault(guest, mode), fpd: false };
}

/** Why no entry is read for a request. */
function modeFault({ profile }: Guest, mode: number): number {
  if (mode === legacy) return profile.ecs ? reason.legacyPasidExtended : reason.legacyPasid;
  return mode === abort && profile.abortDma ? reason.abortDma : reason.rootTableInvalid;
}
