import { formatSourceId, hex } from "../../events/address.ts";
import { PageRequestEntry } from "../../events/page-request/page-request-entry.ts";
import type { MessageForm } from "../message-form.ts";
import { messageReader } from "../message-form.ts";
import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

const request: Recogniser = (words) => {
  const form =
    /(\S+): (?:Invalid page request|Page request without PASID): ([0-9a-f]+) ([0-9a-f]+)/;
  const [, unit = "", first, second] = form.exec(words) ?? [];
  const [low, high] = [hexNumber(first), hexNumber(second)];
  if (low === undefined || high === undefined) return undefined;
  const { rid, pp, pasid, rd, wr, lpig, prgi, addr, exe, pmr } = PageRequestEntry.decode(
    (high << 64n) | low,
  );
  const asks = [
    ...(rd ? ["read"] : []),
    ...(wr ? ["write"] : []),
    ...(exe ? ["execute"] : []),
    ...(pmr ? ["with supervisor rights"] : []),
  ];
  return {
    kind: "message",
    from: "Linux",
    severity: "error",
    what: "page request refused",
    means:
      "The device asked for a page in a way that the driver does not serve; the line before says " +
      "what is wrong. The group is answered as invalid with its last request.",
    facts: {
      unit,
      device: formatSourceId(rid),
      PASID: pp ? hex(pasid) : "none",
      address: hex(addr),
      asks: asks.length === 0 ? "nothing (a stop marker)" : asks.join(", "),
      group: `${prgi.toString()}${lpig ? ", last of its group" : ""}`,
    },
  };
};

const forms: readonly MessageForm[] = [
  {
    form: /IOMMU: (\S+): Page request without PASID/,
    severity: "error",
    what: "page request without PASID",
    means: "The driver serves page requests of shared address spaces alone, which have a PASID.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): Address is not canonical/,
    severity: "error",
    what: "page request for an address that is not canonical",
    means: "Bits 63 to 47 (or 56) of the address differ: the device used a wrong pointer.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): Page request in Privilege Mode/,
    severity: "error",
    what: "page request with supervisor rights",
    means: "The device asked for a page of the kernel; none is shared.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): Execution request not supported/,
    severity: "error",
    what: "page request to execute",
    means: "The device asked to execute what it reads; the driver does not serve that.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): PRQ overflow detected/,
    severity: "error",
    what: "page request queue overflowed",
    means: "PRS.PRO is set: requests were dropped, until the driver has emptied the queue.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): PRQ overflow cleared/,
    severity: "information",
    what: "page request queue works again",
    means: "The driver has emptied the queue and cleared PRS.PRO.",
    facts: ["unit"],
  },
  {
    form: /IOMMU: (\S+): Failed to (?:allocate|create|request).*(?:page request queue|iopf queue)/,
    severity: "error",
    what: "no page request queue",
    means: "Shared address spaces are not served on this unit.",
    facts: ["unit"],
  },
];

/** What Linux says of page requests. */
export const readPageRequestMessage: Recogniser = firstOf([request, messageReader("Linux", forms)]);
