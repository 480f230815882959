import { hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { grants } from "./meaning.ts";

/** Where a translation ends: a page, a fault, a hole of the host's, or its refusal. */
export type Landing =
  | Translation["guest"]
  | Translation["composed"]
  | Translation["shadow"]
  | NonNullable<Translation["deviceTlb"]>;

/** One landing in words. */
export function landingText(landing: Landing): string {
  if ("fault" in landing) return faultText(landing.fault);
  if ("refused" in landing) return "refused: the host has no way to do what the guest asks";
  if ("hole" in landing) return "hole: the host grants no memory here";
  const address = "gpa" in landing ? `GPA ${hex(landing.gpa)}` : `HPA ${hex(landing.hpa)}`;
  return `${address}  (${landing.size} mapping, ${grants(landing.read, landing.write)})`;
}
