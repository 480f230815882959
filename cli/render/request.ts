import { formatSourceId, hex } from "../../events/address.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import type { Request } from "../../history/explanation.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";

/** The PASID whose entry serves requests without one, where the walk has come so far. */
export function ridPasidOf({ steps, scalable }: Translation): number | undefined {
  const context = steps.find(({ table }) => table === "context");
  if (!scalable || context?.host === undefined) return undefined;
  const { present, ridPasid } = ScalableContextEntry.decode(context.entry);
  return present ? ridPasid : undefined;
}

/** ` with PASID 0x41`; in scalable mode what stands for none; in legacy mode nothing. */
export function pasidText(pasid: number | undefined, walk: Translation): string {
  if (pasid !== undefined) return ` with PASID ${hex(pasid)}`;
  if (!walk.scalable) return "";
  const rid = ridPasidOf(walk);
  return rid === undefined ? " without PASID" : ` without PASID (RID_PASID ${hex(rid)})`;
}

/** `DMA read to 0x1000 by 00:04.0 with PASID 0x41`. */
export function requestText({ device, iova, access, asked }: Request, walk: Translation): string {
  const { pasid, privileged, execute } = asked;
  const kinds = [...(privileged ? ["supervisor"] : []), ...(execute ? ["execute"] : [])];
  const what = ["DMA", ...kinds, access].join(" ");
  return `${what} to ${hex(iova)} by ${formatSourceId(device)}${pasidText(pasid, walk)}`;
}
