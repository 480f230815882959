import type { Access } from "../../events/input.ts";

/** What the unit checks on the way to a page, in words that fault reasons share. */
export type CheckName =
  | "rootPresent"
  | "rootReserved"
  | "contextPresent"
  | "contextReserved"
  | "contextInvalid"
  | "pasidEnabled"
  | "pasidFits"
  | "directoryPresent"
  | "directoryReserved"
  | "pasidPresent"
  | "pasidReserved"
  | "pasidInvalid"
  | "rights"
  | "width"
  | "mapped"
  | "supervisor"
  | "permission"
  | "pageReserved"
  | "output"
  | "interruptIndex"
  | "interruptPresent"
  | "interruptReserved"
  | "interruptSource";

/** A check of a walk through a dump. */
export interface Check {
  readonly name: CheckName;
  /** `undefined` where the dump does not say. */
  readonly holds: boolean | undefined;
  /** The fault that it would be. */
  readonly reason: number;
  /** What was looked at and what it says, as a sentence without its full stop. */
  readonly text: string;
  /** It fails only if the text shows everything that is mapped. */
  readonly isConditional?: boolean;
}

/** A request that a dump is walked for. */
export interface Request {
  readonly iova?: bigint | undefined;
  readonly access?: Access | undefined;
  readonly pasid?: number | undefined;
  /** Whether it has a user's rights, where that is known. */
  readonly isUser?: boolean | undefined;
  /** The reason that the fault told. */
  readonly blockedBy?: number | undefined;
}

/** The check that each fault reason tells of; none for what a dump cannot show. */
const checkOfReason: ReadonlyMap<number, CheckName> = new Map([
  [0x01, "rootPresent"],
  [0x39, "rootPresent"],
  [0x0a, "rootReserved"],
  [0x3a, "rootReserved"],
  [0x02, "contextPresent"],
  [0x41, "contextPresent"],
  [0x0b, "contextReserved"],
  [0x42, "contextReserved"],
  [0x03, "contextInvalid"],
  [0x43, "contextInvalid"],
  [0x45, "pasidEnabled"],
  [0x46, "pasidFits"],
  [0x51, "directoryPresent"],
  [0x52, "directoryReserved"],
  [0x59, "pasidPresent"],
  [0x5a, "pasidReserved"],
  [0x5b, "pasidInvalid"],
  [0x5c, "rights"],
  [0x5d, "rights"],
  [0x04, "width"],
  [0x80, "width"],
  [0x84, "width"],
  [0x05, "permission"],
  [0x06, "permission"],
  [0x71, "mapped"],
  [0x79, "permission"],
  [0x81, "supervisor"],
  [0x85, "permission"],
  [0x86, "permission"],
  [0x0c, "pageReserved"],
  [0x72, "pageReserved"],
  [0x7a, "pageReserved"],
  [0x0e, "output"],
  [0x87, "output"],
  [0x21, "interruptIndex"],
  [0x22, "interruptPresent"],
  [0x24, "interruptReserved"],
  [0x26, "interruptSource"],
]);

/** The check that a fault reason tells of. */
export const checkOf = (reason: number): CheckName | undefined => checkOfReason.get(reason);
