import type { SourceId } from "../../events/address.ts";
import { iova } from "../../events/address.ts";
import { hexNumber, smallHex, sourceOf } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const headForm =
  /^\s*Device ([0-9a-f:.]+) (?:with pasid (-?[0-9a-f]+) )?@ ?(?:0x)?([0-9a-f]+)\s*$/i;
const rowForm = /^\s*(0x[0-9a-f]+) \|\s*((?:0x[0-9a-f]+\s*){5})$/i;

/** The table that the rows below a heading are of. */
interface Heading {
  readonly source: SourceId;
  readonly pasid: number | undefined;
  readonly root: bigint;
}

/**
 * Starts to read the file `domain_translation_struct` of Linux's debugfs: below the device and the
 * address of its top table a row for each page that is mapped, with the entries on the way to it.
 */
export function startPageRows(): Recogniser {
  let heading: Heading | undefined;
  return (words) => {
    const [, device, space, digits] = headForm.exec(words) ?? [];
    const [source, root] = [sourceOf(device), hexNumber(digits)];
    if (source !== undefined && root !== undefined) {
      heading = { source, pasid: space?.startsWith("-") ? undefined : smallHex(space), root };
      return { kind: "pageTable", ...heading };
    }
    if (/^\s*IOVA_PFN\s/.test(words)) return { kind: "plain", what: "a heading" };
    const [, frame, list = ""] = rowForm.exec(words) ?? [];
    const page = hexNumber(frame);
    if (page === undefined || heading === undefined) return undefined;
    const entries = list
      .trim()
      .split(/\s+/)
      .map((entry) => hexNumber(entry) ?? 0n);
    return { kind: "pageRow", ...heading, iova: iova(page << 12n), entries };
  };
}
