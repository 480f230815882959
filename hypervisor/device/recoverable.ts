import { reason } from "../../events/fault/fault-reason.ts";

/**
 * Reasons that are no fault of a translation request: nothing is granted, and the device may ask
 * software for the page. They are what the owner of a process can cause: an address that is no
 * address, a PASID that is not there, rights, and all that is wrong in a first stage. What is wrong
 * in what the system sets up (a reserved bit of a PASID entry, a second stage) is a fault.
 */
export const recoverable: ReadonlySet<number> = new Set([
  ...[reason.beyondWidth, reason.writeDenied, reason.readDenied],
  ...[reason.directoryNotPresent, reason.pasidNotPresent],
  ...[reason.executeDisabled, reason.supervisorDisabled],
  ...[reason.firstStageAccess, reason.firstStageNotPresent, reason.firstStageReserved],
  ...[reason.firstStageRoot, reason.nestedBeyondWidth, reason.nestedRootRead],
  ...[reason.nestedRead, reason.nestedWrite, reason.secondStageDenied, reason.nonCanonical],
  ...[reason.supervisorPage, reason.executeDenied, reason.beyondHardware],
  ...[reason.secondStageBeyondWidth, reason.scalableWriteDenied, reason.scalableReadDenied],
  ...[reason.extendedPasidNotPresent, reason.extendedFirstRoot, reason.extendedNonCanonical],
  ...[reason.extendedFirstAccess, reason.extendedFirstReserved, reason.extendedFirstNotPresent],
  ...[reason.extendedSupervisorDisabled, reason.extendedExecuteDisabled],
  ...[reason.extendedExecuteDenied, reason.extendedUserDenied],
]);

/** Reasons of PASIDs that may not be executed: nothing is given of them. */
export const noExecution: ReadonlySet<number> = new Set([
  reason.executeDisabled,
  reason.extendedExecuteDisabled,
]);

/** Reasons of version 2.x that a valid context entry gives: its type counts before them. */
export const ofPasids: ReadonlySet<number> = new Set([
  reason.typeBlocked,
  reason.extendedPasidDisabled,
  reason.extendedPasidBeyond,
]);
