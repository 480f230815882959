import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

/** Index, source-id, destination or address of the descriptor, vector, then the entry. */
const rowForm = new RegExp(
  String.raw`^\s*(\d{1,5})\s+[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\s+` +
    String.raw`(?:[0-9a-f]{8}\s+){1,2}[0-9a-f]{2}\s+([0-9a-f]{16})\s+([0-9a-f]{16})\s*$`,
  "i",
);
const everything = (1n << 128n) - 1n;

/** Starts to read the file `ir_translation_struct` of Linux's debugfs. */
export function startInterruptRows(): Recogniser {
  let unit: string | undefined;
  return (words) => {
    const name = /(?:Remapped|Posted) Interrupt supported on IOMMU: (\S+)/.exec(words)?.[1];
    if (name !== undefined) {
      unit = name;
      return { kind: "plain", what: "a heading" };
    }
    const isHead =
      /^\s*(?:IR table address:|Entry SrcID|\*{4}$)|Interrupt Remapping is not enabled/;
    if (unit !== undefined && isHead.test(words)) return { kind: "plain", what: "a heading" };
    const [, index, high, low] = rowForm.exec(words) ?? [];
    const [hi, lo] = [hexNumber(high), hexNumber(low)];
    if (index === undefined || hi === undefined || lo === undefined) return undefined;
    const entry = (hi << 64n) | lo;
    return {
      kind: "interruptRow",
      unit: unit ?? "",
      index: Number(index),
      entry,
      shown: everything,
    };
  };
}
