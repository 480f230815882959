import { hex } from "../../events/address.ts";
import { faultReasons } from "../../events/fault/fault-reason.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { grants } from "./meaning.ts";

/** Where a translation ends: a page, a fault, or a hole of the host's. */
export type Landing =
  | Translation["guest"]
  | Translation["composed"]
  | Translation["shadow"]
  | NonNullable<Translation["deviceTlb"]>;

/** A fault reason as its name in the specification: `5Bh`. */
export const reasonText = (reason: number): string => `${reason.toString(16).toUpperCase()}h`;

/** `fault 5h, the tables do not allow the write` */
export function faultText(reason: number): string {
  const known = faultReasons.get(reason)?.text.replace(/\.$/, "");
  const name = `fault ${reasonText(reason)}`;
  return known === undefined ? name : `${name}, ${known.charAt(0).toLowerCase()}${known.slice(1)}`;
}

/** One landing in words. */
export function landingText(landing: Landing): string {
  if ("fault" in landing) return faultText(landing.fault);
  if ("hole" in landing) return "hole: the host grants no memory here";
  const address = "gpa" in landing ? `GPA ${hex(landing.gpa)}` : `HPA ${hex(landing.hpa)}`;
  return `${address}  (${landing.size} mapping, ${grants(landing.read, landing.write)})`;
}
