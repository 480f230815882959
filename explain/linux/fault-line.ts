import { decimal, hexNumber, segmentOf, smallHex, sourceOf } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";
import { toldReason } from "./reason-words.ts";

/** Why, at the end of a line or on one of its own. */
const why = String.raw`\[fault reason (0x[0-9a-f]+|[0-9a-f]+h|\d+)\]\s*(.*)`;

/**
 * A fault of a DMA. Kernels up to 3.x broke the line before the reason; those of 5.0 to 5.13 have
 * the PASID behind the device, all ones where there is none; later ones have it before.
 */
const dmaFault = new RegExp(
  String.raw`\[DMA (Read|Write)(?: (NO_PASID|w/o PASID)| PASID (0x[0-9a-f]+))?\] ?` +
    String.raw`Request device \[([^\]]*)\](?: PASID ([0-9a-f]+))?` +
    String.raw`(?: fault addr (\S+))?\s*(?:${why})?`,
  "i",
);
const interruptFault = new RegExp(
  String.raw`INTR-REMAP(?:\]|:)\s*Request device \[{1,2}([^\]]*)\]` +
    String.raw`(?: fault index (\S+))?\s*(?:${why})?`,
  "i",
);
const reasonAlone = new RegExp(String.raw`^\s*(?:(DMAR|INTR-REMAP):)?\s*${why}$`, "i");

const noPasid = 0xffff_ffff;

/** The fault of a DMA. The reason is decimal where nothing marks it as hexadecimal. */
const dma: Recogniser = (words) => {
  const match = dmaFault.exec(words);
  if (match === null) return undefined;
  const [, kind, , before, device = "", behind, address, digits, text = ""] = match;
  const pasid = smallHex(before ?? behind);
  const told = digits === undefined ? undefined : toldReason(digits, text, "decimal");
  const at = hexNumber(address);
  const isLost = address !== undefined && at === undefined;
  const doubt = isLost ? `its address "${address}" is not whole` : told?.doubt;
  return {
    kind: "fault",
    from: "Linux",
    of: "dma",
    access: kind?.toLowerCase() === "write" ? "write" : "read",
    source: sourceOf(device),
    segment: segmentOf(device),
    address: at,
    pasid: pasid === noPasid ? undefined : pasid,
    reason: told?.reason,
    isNamed: told?.isNamed,
    doubt,
  };
};

const interrupt: Recogniser = (words) => {
  const match = interruptFault.exec(words);
  if (match === null) return undefined;
  const [, device = "", index, digits, text = ""] = match;
  const told = digits === undefined ? undefined : toldReason(digits, text, "decimal");
  return {
    kind: "fault",
    from: "Linux",
    of: "interrupt",
    source: sourceOf(device),
    segment: segmentOf(device),
    index: smallHex(index),
    reason: told?.reason,
    isNamed: told?.isNamed,
    doubt: told?.doubt,
  };
};

const reason: Recogniser = (words) => {
  const match = reasonAlone.exec(words);
  if (match === null) return undefined;
  const [, who, digits = "", text = ""] = match;
  const { reason: told, isNamed } = toldReason(digits, text, "decimal");
  if (told === undefined) return undefined;
  const of = { DMAR: "dma", "INTR-REMAP": "interrupt" } as const;
  return { kind: "reason", reason: told, isNamed, of: of[who as keyof typeof of] ?? "unknown" };
};

const status: Recogniser = (words) => {
  const value = hexNumber(/DRHD: handling fault status reg ([0-9a-f]+)/.exec(words)?.[1]);
  return value === undefined ? undefined : { kind: "status", value };
};

const suppressed: Recogniser = (words) => {
  const [, some, same] =
    /dmar_fault: (\d+) callbacks suppressed|last message (?:buffered|repeated) (\d+) times/.exec(
      words,
    ) ?? [];
  const count = decimal(some ?? same);
  return count === undefined ? undefined : { kind: "suppressed", count };
};

/** The lines about faults of a Linux kernel, 2.6.28 to 7.x. */
export const readLinuxFault: Recogniser = firstOf([dma, interrupt, reason, status, suppressed]);
