import { reason } from "../../events/fault/fault-reason.ts";
import { firstStageReserved } from "../../events/first-stage/first-stage-entry.ts";
import { maskHalves } from "../../events/layout/field-halves.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import { right } from "../../projections/first-stage/space.ts";
import type { Mapping } from "../../tables/mapping.ts";
import {
  interruptRange,
  ok,
  permission,
  readCode,
  reserved,
  rootUnreadable,
} from "../../tables/mapping.ts";
import { perProfile } from "../memory/guest-memory.ts";

/** What a request asks for. */
export interface Ask {
  readonly write: boolean;
  readonly execute: boolean;
  /** Supervisor rights. */
  readonly privileged: boolean;
}

/** Reserved bits: four variants (nested, NXE) of level and size, two halves each. */
export const reservedHalves = perProfile((profile) => {
  const halves = new Int32Array(4 * 24);
  for (let level = 1; level <= 5; level++) {
    for (let variant = 0; variant < 8; variant++) {
      const [large, nested, nxe] = [variant & 1, variant & 2, variant & 4];
      const mask = firstStageReserved(profile, level, large !== 0, nested !== 0, nxe !== 0);
      const at = (variant >> 1) * 24 + (level * 2 + large) * 2;
      halves.set(maskHalves(mask, 64), at);
    }
  }
  return halves;
});

/** Whether bits 63 down to the top bit of the tables' width are all alike. */
export const isCanonical = (levels: number, page: number): boolean => {
  const upperHalf = levels === 4 ? 2 ** 35 : 2 ** 44;
  return page < upperHalf || page >= 2 ** 52 - upperHalf;
};

/** Why the second stage does not let a first-stage table be read, or 0. */
export function tableFault(second: Mapping | undefined, isRoot: boolean): number {
  if (second === undefined) return reason.nestedBeyondWidth;
  const code = readCode(second);
  if (code === ok) return 0;
  if (code === permission) return isRoot ? reason.nestedRootRead : reason.nestedRead;
  return otherFault(code);
}

/** The fault of an outcome of the second stage that is not about permission. */
export function otherFault(code: number): number {
  if (code === reserved) return reason.secondStageReserved;
  if (code === interruptRange) return reason.scalableInterruptRange;
  return code === rootUnreadable ? reason.secondStageRoot : reason.secondStageAccess;
}

/** Why rights that the entries so far leave do not serve a request, or 0. */
export function rightsFault(rules: FirstStageRules, rights: number, ask: Ask): number {
  if ((rights & right.user) === 0 && !ask.privileged) return reason.supervisorPage;
  const heeded = !ask.privileged || rules.wpe;
  if (ask.write && heeded && (rights & right.write) === 0) return reason.scalableWriteDenied;
  if (ask.execute && (rights & right.execute) === 0) return reason.executeDenied;
  return 0;
}

/** Why a supervisor request may not execute a page that users reach, or 0. */
export const smepFault = (rules: FirstStageRules, rights: number, ask: Ask): number =>
  rules.smep && ask.privileged && ask.execute && (rights & right.user) !== 0
    ? reason.executeDenied
    : 0;
