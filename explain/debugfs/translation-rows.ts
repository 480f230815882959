import { hexNumber, sourceOf } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const rootForm = /IOMMU (\S+): (?:Extended )?Root Table Address: ?(?:0x)?([0-9a-f]+)/;
const word = "(0x[0-9a-f]{1,16})";
const rowForm = new RegExp(
  String.raw`^\s*([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s+${word}:${word}\s+${word}:${word}\s+` +
    String.raw`(-?\d+)\s+${word}:${word}:${word}\s*$`,
  "i",
);
const oldRootForm = /^\s*Bus: \d+ ([HL]): ([0-9a-f]+) ([HL]): ([0-9a-f]+)/;
const oldRowForm =
  /^\s*\d+\s+([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s+([0-9a-f]{1,16})\s+([0-9a-f]{1,16})\s*$/;
const plainForm =
  /^\s*(?:B\.D\.F\s+Root_entry|Root Table Entries:|Context Table Entries|Entry\s+B:D\.F)/;

/** Hexadecimal digits as words, where all of them are. */
function wordsOf(digits: readonly (string | undefined)[]): readonly bigint[] | undefined {
  const words = digits.map(hexNumber);
  return words.every((word) => word !== undefined) ? words : undefined;
}

/**
 * Starts to read the file `dmar_translation_struct` of Linux's debugfs: a row has the root entry,
 * the context entry, the PASID (-1 in legacy mode) and words 2, 1 and 0 of the PASID's entry. Of
 * kernels before 5.5 it has the root entries by bus and the context entries below them.
 */
export function startTranslationRows(): Recogniser {
  let unit = "";
  let oldRoot: readonly [bigint, bigint] = [0n, 0n];
  return (words) => {
    const [, name, address] = rootForm.exec(words) ?? [];
    if (name !== undefined) {
      unit = name;
      return { kind: "rootTable", unit, address: hexNumber(address) ?? 0n };
    }
    if (plainForm.test(words)) return { kind: "plain", what: "a heading" };
    const [, device, ...rest] = rowForm.exec(words) ?? [];
    if (device !== undefined) {
      const [pasidText = "", ...others] = [rest[4], ...rest.slice(0, 4), ...rest.slice(5)];
      const [rootHi, rootLo, ctxHi, ctxLo, w2, w1, w0] = wordsOf(others) ?? [];
      const source = sourceOf(device);
      if (w0 === undefined || source === undefined) return undefined;
      const pasid = Number(pasidText);
      return {
        kind: "translationRow",
        unit,
        source,
        root: [rootLo ?? 0n, rootHi ?? 0n],
        context: [ctxLo ?? 0n, ctxHi ?? 0n],
        ...(pasid < 0 ? {} : { pasid, pasidWords: [w0, w1 ?? 0n, w2 ?? 0n] as const }),
      };
    }
    if (unit === "") return undefined;
    const [bus, half, first, , second] = oldRootForm.exec(words) ?? [];
    if (bus !== undefined) {
      const [a, b] = [hexNumber(first) ?? 0n, hexNumber(second) ?? 0n];
      oldRoot = half === "H" ? [b, a] : [a, b];
      return { kind: "plain", what: "a root entry" };
    }
    const [, old, high, low] = oldRowForm.exec(words) ?? [];
    const source = sourceOf(old);
    const context = wordsOf([low, high]);
    if (source === undefined || context === undefined) return undefined;
    const [lo = 0n, hi = 0n] = context;
    return { kind: "translationRow", unit, source, root: oldRoot, context: [lo, hi] };
  };
}
