import { toldReason } from "../linux/reason-words.ts";
import { decimal, hexNumber, segmentOf, smallHex, sourceOf } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

/** Lines of Xen's driver; debug builds put file and line behind the mark. */
const mark = String.raw`\[VT-D\] ?(?:\w+\.c:\d+:(?:d\d+)?)? ?`;
const dmaForm = new RegExp(
  String.raw`${mark}DMAR: ?\[DMA (Read|Write)\] Request device \[([^\]]*)\]` +
    String.raw`(?: fault addr (\S+?))?(?:,|$|\s)`,
);
const interruptForm = new RegExp(
  String.raw`${mark}INTR-REMAP: Request device \[{1,2}([^\]]*)\](?: fault index (\S+?))?(?:,|$|\s)`,
);
/** The number is hexadecimal, with `h` or without. */
const reasonForm = new RegExp(
  `(?:${mark})?(DMAR|INTR-REMAP|UNKNOWN): ?` +
    String.raw`(?:reason ([0-9a-f]{2}) - |\[fault reason ([0-9a-f]{2}h?)\] )` +
    String.raw`(.*?)(?: on iommu:\d+)?$`,
);

const dma: Recogniser = (words) => {
  const [match, kind, device = "", address] = dmaForm.exec(words) ?? [];
  if (match === undefined) return undefined;
  return {
    kind: "fault",
    from: "Xen",
    of: "dma",
    access: kind === "Write" ? "write" : "read",
    source: sourceOf(device),
    segment: segmentOf(device),
    address: hexNumber(address),
  };
};

const interrupt: Recogniser = (words) => {
  const [match, device = "", index] = interruptForm.exec(words) ?? [];
  if (match === undefined) return undefined;
  return {
    kind: "fault",
    from: "Xen",
    of: "interrupt",
    source: sourceOf(device),
    segment: segmentOf(device),
    index: smallHex(index),
  };
};

const reason: Recogniser = (words) => {
  const [match, who, plain, marked, text = ""] = reasonForm.exec(words) ?? [];
  // Linux writes the second form too, with decimal numbers and never with an h.
  if (match === undefined || (plain === undefined && !/h$|\[VT-D\]/.test(marked ?? match))) {
    return undefined;
  }
  const { reason: told, isNamed } = toldReason(plain ?? marked ?? "", text, "hexadecimal");
  if (told === undefined) return undefined;
  const of = who === "DMAR" ? "dma" : who === "INTR-REMAP" ? "interrupt" : "unknown";
  return { kind: "reason", reason: told, isNamed, of };
};

const bits = {
  "Fault Overflow": 0x1n,
  "Primary Pending Fault": 0x2n,
  "Advanced Fault Overflow": 0x4n,
  "Advanced Pending Fault": 0x8n,
  "Invalidation Queue Error": 0x10n,
  "Invalidation Completion Error": 0x20n,
  "Invalidation Time-out Error": 0x40n,
} as const;

const status: Recogniser = (words) => {
  const name = /iommu_fault_status: (.*)$/.exec(words)?.[1]?.trim();
  if (name === undefined || !Object.hasOwn(bits, name)) return undefined;
  return { kind: "status", value: bits[name as keyof typeof bits] };
};

const suppressed: Recogniser = (words) => {
  const count = decimal(/printk: (\d+) messages suppressed/.exec(words)?.[1]);
  return count === undefined ? undefined : { kind: "suppressed", count };
};

/** The lines about faults of Xen, 3.3 to 4.22. */
export const readXenFault: Recogniser = firstOf([dma, interrupt, reason, status, suppressed]);
