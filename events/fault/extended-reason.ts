import { reason } from "./fault-reason.ts";

/**
 * What version 2.x calls the reasons of scalable mode.
 *
 * Reading: where the second stage under a first one fails it is as for a request without PASID: the
 * width 4h, its tables 7h, their reserved bits Ch, its root 3h, the interrupt range Eh.
 *
 * Reading: an entry whose bits cannot be set is one that cannot be reached.
 */
const renamed: ReadonlyMap<number, number> = new Map([
  [reason.executeDisabled, reason.extendedExecuteDisabled],
  [reason.supervisorDisabled, reason.extendedSupervisorDisabled],
  [reason.firstStageAccess, reason.extendedFirstAccess],
  [reason.firstStageNotPresent, reason.extendedFirstNotPresent],
  [reason.firstStageReserved, reason.extendedFirstReserved],
  [reason.firstStageRoot, reason.extendedFirstRoot],
  [reason.nestedBeyondWidth, reason.beyondWidth],
  [reason.nestedRootRead, reason.readDenied],
  [reason.nestedRead, reason.readDenied],
  [reason.nestedWrite, reason.writeDenied],
  [reason.secondStageAccess, reason.tableAccess],
  [reason.secondStageReserved, reason.tableReserved],
  [reason.secondStageRoot, reason.contextInvalid],
  [reason.nonCanonical, reason.extendedNonCanonical],
  [reason.executeDenied, reason.extendedExecuteDenied],
  [reason.supervisorPage, reason.extendedUserDenied],
  [reason.beyondHardware, reason.beyondWidth],
  [reason.secondStageBeyondWidth, reason.beyondWidth],
  [reason.scalableWriteDenied, reason.writeDenied],
  [reason.scalableReadDenied, reason.readDenied],
  [reason.scalableInterruptRange, reason.interruptRange],
  [reason.accessedDirtyFailed, reason.extendedFirstAccess],
]);

/** The reason of version 2.x for one that a walk of scalable mode would give, or 0 for none. */
export function extendedReason(code: number, write: boolean): number {
  if (code === reason.secondStageDenied) return write ? reason.writeDenied : reason.readDenied;
  return renamed.get(code) ?? code;
}
