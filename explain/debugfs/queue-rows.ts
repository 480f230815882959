import { decimal, hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const placeForm = /^\s*Base: 0x([0-9a-f]+)\s+Head: (\d+)\s+Tail: (\d+)/;
const rowForm = /^\s*(\d{1,5})\s+((?:[0-9a-f]{16}\s+){2,4})([0-9a-f]{16})\s*$/i;

/** Starts to read the file `invalidation_queue` of Linux's debugfs. */
export function startQueueRows(): Recogniser {
  let unit: string | undefined;
  return (words) => {
    const name = /Invalidation queue on IOMMU: (\S+)/.exec(words)?.[1];
    if (name !== undefined) {
      unit = name;
      return { kind: "plain", what: "a heading" };
    }
    if (/^\s*Index\s+qw0/.test(words)) return { kind: "plain", what: "a heading" };
    if (unit === undefined) return undefined;
    const [, digits, first, second] = placeForm.exec(words) ?? [];
    const [base, head, tail] = [hexNumber(digits), decimal(first), decimal(second)];
    if (base !== undefined && head !== undefined && tail !== undefined) {
      return { kind: "queue", unit, base, head, tail };
    }
    const [, index, list = "", status] = rowForm.exec(words) ?? [];
    if (index === undefined) return undefined;
    return {
      kind: "descriptor",
      role: "ring",
      index: Number(index),
      words: list
        .trim()
        .split(/\s+/)
        .map((word) => hexNumber(word) ?? 0n),
      status: hexNumber(status),
    };
  };
}
