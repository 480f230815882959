import { frozen } from "../frozen.ts";
import { extendedReasons } from "./extended-reasons.ts";

/** Why a request was refused, as a fault record shows it. */
export interface FaultReason {
  readonly code: number;
  readonly name: string;
  /** One sentence for people. */
  readonly text: string;
  /** Whether FPD in the entry that governs the request keeps the fault from being recorded. */
  readonly qualified: boolean;
}

const qualified = (code: number, text: string) => ({ code, text, qualified: true });
const unqualified = (code: number, text: string) => ({ code, text, qualified: false });

/** Every reason by name. Those that are never suppressed arise before an FPD bit is at hand. */
const declared = {
  rootNotPresent: unqualified(0x01, "The root entry of the bus is not present."),
  contextNotPresent: qualified(0x02, "The context entry of the device is not present."),
  contextInvalid: qualified(0x03, "The context entry is invalid or its top table unreadable."),
  beyondWidth: qualified(0x04, "The address is beyond the width that the device may use."),
  writeDenied: qualified(0x05, "The tables do not allow the write."),
  readDenied: qualified(0x06, "The tables do not allow the read."),
  tableAccess: qualified(0x07, "A second-stage table could not be read."),
  rootAccess: unqualified(0x08, "The root table could not be read."),
  contextAccess: unqualified(0x09, "The context table could not be read."),
  rootReserved: unqualified(0x0a, "A reserved bit of the root entry is set."),
  contextReserved: qualified(0x0b, "A reserved bit of the context entry is set."),
  tableReserved: qualified(0x0c, "A reserved bit of a second-stage entry is set."),
  typeBlocked: qualified(0x0d, "The context entry does not allow requests of this type."),
  interruptRange: qualified(0x0e, "The translation ends in the interrupt range."),
  ...extendedReasons,

  interruptReserved: unqualified(0x20, "A reserved field of the interrupt request is set."),
  interruptIndex: unqualified(0x21, "The interrupt index is beyond the table."),
  interruptNotPresent: qualified(0x22, "The interrupt entry is not present."),
  interruptAccess: unqualified(0x23, "The interrupt entry could not be read."),
  interruptEntryReserved: qualified(0x24, "A reserved field of the interrupt entry is set."),
  compatibilityBlocked: unqualified(0x25, "Compatibility-format interrupts are blocked."),
  interruptSource: qualified(0x26, "The source-id may not use the interrupt entry."),
  postedAccess: qualified(0x27, "The posted descriptor could not be read and written."),
  postedReserved: qualified(0x28, "A reserved field of the posted descriptor is set."),

  rootTableInvalid: unqualified(
    0x30,
    "The root table address register is invalid; of 2.x a page request is not allowed.",
  ),
  legacyPasid: unqualified(0x31, "A request with PASID arrived in legacy mode."),
  legacyPageRequest: unqualified(0x32, "A page request arrived in legacy mode."),
  abortDma: unqualified(0x33, "A request arrived in abort-DMA mode."),
  scalableRootAccess: unqualified(0x38, "The scalable-mode root table could not be read."),
  scalableRootNotPresent: unqualified(0x39, "The scalable-mode root entry is not present."),
  scalableRootReserved: unqualified(0x3a, "A reserved bit of the scalable-mode root entry is set."),
  scalableContextAccess: unqualified(0x40, "The scalable-mode context table could not be read."),
  scalableContextNotPresent: qualified(0x41, "The scalable-mode context entry is not present."),
  scalableContextReserved: qualified(0x42, "A reserved bit of the context entry is set."),
  scalableContextInvalid: qualified(0x43, "The scalable-mode context entry is invalid."),
  deviceTlbDisabled: qualified(0x44, "The context entry disables the device TLB."),
  pasidDisabled: qualified(0x45, "The context entry disables PASIDs."),
  pasidBeyondDirectory: qualified(0x46, "The PASID is beyond the directory."),
  pageRequestDisabled: qualified(0x47, "The context entry disables page requests."),
  pasidOfRequester: qualified(0x48, "The PASID is the one for requests without one."),
  directoryAccess: unqualified(0x50, "The PASID directory could not be read."),
  directoryNotPresent: qualified(0x51, "The PASID directory entry is not present."),
  directoryReserved: qualified(0x52, "A reserved bit of the PASID directory entry is set."),
  pasidAccess: unqualified(0x58, "The PASID table could not be read."),
  pasidNotPresent: qualified(0x59, "The PASID entry is not present."),
  pasidReserved: qualified(0x5a, "A reserved bit of the PASID entry is set."),
  pasidInvalid: qualified(0x5b, "The PASID entry is invalid."),
  executeDisabled: qualified(0x5c, "The PASID entry disables execute requests."),
  supervisorDisabled: qualified(0x5d, "The PASID entry disables supervisor requests."),
  firstStageAccess: qualified(0x70, "A first-stage table could not be read."),
  firstStageNotPresent: qualified(0x71, "A first-stage entry is not present."),
  firstStageReserved: qualified(0x72, "A reserved bit of a first-stage entry is set."),
  firstStageRoot: qualified(0x73, "The first-stage root could not be read."),
  nestedBeyondWidth: qualified(0x74, "A first-stage table lies beyond the second stage's width."),
  nestedRootRead: qualified(0x75, "The second stage does not allow reading the first-stage root."),
  nestedRead: qualified(0x76, "The second stage does not allow reading a first-stage table."),
  nestedWrite: qualified(0x77, "The second stage does not allow writing a first-stage table."),
  secondStageAccess: qualified(0x78, "A scalable-mode second-stage table could not be read."),
  secondStageDenied: qualified(0x79, "The second stage allows neither read nor write."),
  secondStageReserved: qualified(0x7a, "A reserved bit of a second-stage entry is set."),
  secondStageRoot: qualified(0x7b, "The second-stage root could not be read."),
  secondStageNoSnoop: qualified(0x7c, "A second-stage A/D update met memory that is not snooped."),
  nonCanonical: qualified(0x80, "The address is not canonical."),
  supervisorPage: qualified(0x81, "A user request met a supervisor page."),
  executeDenied: qualified(0x82, "The tables do not allow execution."),
  beyondHardware: qualified(0x83, "The result is beyond the hardware's address width."),
  secondStageBeyondWidth: qualified(0x84, "The address is beyond the second stage's width."),
  scalableWriteDenied: qualified(0x85, "A stage of scalable mode does not allow the write."),
  scalableReadDenied: qualified(0x86, "The second stage does not allow the read."),
  scalableInterruptRange: qualified(0x87, "The request ends in the interrupt range."),
  pasidBeyondUnit: qualified(0x89, "The PASID has more bits than the unit supports."),
  firstStageNoSnoop: qualified(0x90, "A first-stage A/D update met memory that is not snooped."),
  accessedDirtyFailed: qualified(0x91, "An accessed or dirty bit could not be written."),
} as const;

/** The name of a fault reason. */
export type FaultReasonName = keyof typeof declared;

/** The code of each reason: `reason.rootNotPresent` is 1. */
export const reason = frozen(
  Object.fromEntries(Object.entries(declared).map(([name, { code }]) => [name, code])) as {
    readonly [N in FaultReasonName]: number;
  },
);

/** Every reason by its code. */
export const faultReasons: ReadonlyMap<number, FaultReason> = new Map(
  Object.entries(declared).map(([name, row]) => [row.code, { name, ...row }]),
);
