import { hex } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Check, Request } from "./check.ts";
import { check } from "./make-check.ts";
import type { Stage } from "./page-walk.ts";
import type { Rules } from "./rules.ts";
import { hostWidths } from "./rules.ts";

/** Addresses below this fit any unit's MGAW. */
const narrowest = 39;

/** Whether an address that is not translated fits the host, the widest one if none is told. */
function hostWidth(iova: bigint, haw: number): Check {
  const fits = iova >> BigInt(haw) === 0n;
  const isOpen = fits && haw === hostWidths.most && iova >> BigInt(hostWidths.least) !== 0n;
  const open = isOpen ? ", and the host's width is not told" : "";
  const text = `the address ${hex(iova)} is ${fits ? "" : "not "}within ${haw} bits${open}`;
  return check("width", isOpen ? undefined : fits, reason.beyondWidth, text);
}

/** Whether an address fits what the unit and the tables have, if there are any. */
function secondWidth(iova: bigint, { most, isKnown }: Rules, levels: number | undefined): Check {
  if (levels === undefined) return hostWidth(iova, most.haw);
  const tables = 12 + 9 * levels;
  const bits = isKnown ? Math.min(tables, most.mgaw) : tables;
  const fits = iova >> BigInt(bits) === 0n;
  const isOpen = fits && !isKnown && iova >> BigInt(narrowest) !== 0n;
  const open = isOpen ? ", and CAP.MGAW is not told" : "";
  const text = `the address ${hex(iova)} is ${fits ? "" : "not "}within ${bits} bits${open}`;
  return check("width", isOpen ? undefined : fits, reason.beyondWidth, text);
}

/** Whether an address fits; a first stage of n levels needs canonical ones. */
export function widthCheck(
  { iova }: Request,
  rules: Rules,
  levels: number | undefined,
  { stage, scalable }: Pick<Stage, "stage" | "scalable">,
): Check {
  const isFirst = stage === "first";
  const second = scalable ? reason.secondStageBeyondWidth : reason.beyondWidth;
  const code = isFirst ? reason.nonCanonical : second;
  if (iova === undefined) return check("width", undefined, code, "the address is not known");
  if (!isFirst) return { ...secondWidth(iova, rules, levels), reason: code };
  const bits = 12 + 9 * (levels ?? 4);
  const fits = BigInt.asUintN(64, BigInt.asIntN(bits, iova)) === iova;
  const text = `the address ${hex(iova)} is ${fits ? "" : "not "}canonical ${bits} bits`;
  return check("width", fits, code, text);
}
