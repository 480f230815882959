import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const headForm =
  /\[VT-D\]\s*d(\S+) table has \d levels|p2m table has \d levels|domain(\d+) IOMMU p2m table:/;
const rowForm = /^\s*[dg]fn: ([0-9a-f]+) mfn: ([0-9a-f]+)(?: ([r-])([w-]))?\s*$/;

/** Starts to read Xen's dump of what is mapped for its domains (debug key o). */
export function startXenMaps(): Recogniser {
  let domain = "";
  return (words) => {
    const head = headForm.exec(words);
    if (head !== null) {
      domain = head[1] ?? head[2] ?? domain;
      return { kind: "plain", what: "a heading" };
    }
    const [, from, to, read, write] = rowForm.exec(words) ?? [];
    const [frame, target] = [hexNumber(from), hexNumber(to)];
    if (frame === undefined || target === undefined) return undefined;
    // Versions before 4.14 do not print the rights.
    const rights = { read: read !== "-", write: write !== "-" };
    return { kind: "mapRow", domain, frame, target, ...rights };
  };
}
