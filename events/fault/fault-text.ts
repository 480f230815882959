import { faultReasons } from "./fault-reason.ts";

/** A fault reason as its name in the specification: `5Bh`. */
export const reasonText = (reason: number): string => `${reason.toString(16).toUpperCase()}h`;

/** `fault 5h, the tables do not allow the write` */
export function faultText(reason: number): string {
  const known = faultReasons.get(reason)?.text.replace(/\.$/, "");
  const name = `fault ${reasonText(reason)}`;
  return known === undefined ? name : `${name}, ${known.charAt(0).toLowerCase()}${known.slice(1)}`;
}
