import type { TextTable } from "../events/acpi/table-text.ts";
import { tablesOfText } from "../events/acpi/table-text.ts";
import { startDebugfs } from "./debugfs/debugfs-line.ts";
import { readForeignLine } from "./foreign-line.ts";
import { readLinuxLine } from "./linux/linux-line.ts";
import type { Observation, Said } from "./observation.ts";
import type { PastedLine } from "./pasted-line.ts";
import { pastedLines } from "./pasted-line.ts";
import { readEmulatorMessage } from "./qemu/emulator-message.ts";
import { readTraceLine } from "./qemu/trace-line.ts";
import type { Recogniser } from "./recogniser.ts";
import { firstOf } from "./recogniser.ts";
import { startXen } from "./xen/xen-line.ts";

/** A line that nothing recognised. */
export interface UnrecognisedLine {
  readonly line: number;
  readonly text: string;
  /** It seems to be about an IOMMU, so that somebody may want to know what it says. */
  readonly isTelling: boolean;
}

/** A text that was read. */
export interface Paste {
  /** Lines that are not empty. */
  readonly lineCount: number;
  readonly observations: readonly Observation[];
  readonly tables: readonly TextTable[];
  readonly unrecognised: readonly UnrecognisedLine[];
}

/** Everything that recognises a line, for one text. */
const startRecogniser = (): Recogniser =>
  firstOf([
    startDebugfs(),
    startXen(),
    readLinuxLine,
    readEmulatorMessage,
    readTraceLine,
    readForeignLine,
  ]);

/** Lines that belong together because a mail program broke one. */
const mostParts = 3;

/** How much something says. */
const weight = (said: Said | undefined): number =>
  said === undefined ? 0 : Object.values(said).filter((one) => one !== undefined).length;

/** Whether words may go on in the next line: they are of the kind of lines that are read here. */
const mayGoOn =
  /DMAR|\[VT-D\]|INTR-REMAP|vtd_|qemu-|\bQI (?:HEAD|PRIOR)|^\s*[\da-f:]{5}\.[0-7]\s|entry:/;

/** A line that is one of its own, whatever is before it. */
const beginsAnew = /^\s*(?:\[ *\d+\.\d+\]|<\d>|\(XEN\)|[A-Z][a-z]{2} +\d+ \d\d:)/;

const telling = /\bDMAR(?:-IR)?:|\bVT-?d\b|\[VT-D\]|\bvtd_|\bINTR-REMAP\b|\biommu\b/i;

/** What is said from a line on, and how many lines say it. */
function readFrom(
  lines: readonly PastedLine[],
  first: number,
  recognise: Recogniser,
): { readonly said: Said | undefined; readonly count: number } {
  const { words = "" } = lines[first] ?? {};
  let best = { said: recognise(words), count: 1 };
  if (!mayGoOn.test(words)) return best;
  let joined = words;
  for (let count = 2; count <= mostParts; count++) {
    const next = lines[first + count - 1];
    const unquoted = next?.text.replace(/^\s*(?:>\s?)+/, "") ?? "";
    if (next === undefined || next.words.trim() === "" || beginsAnew.test(unquoted)) break;
    if (recognise(next.words) !== undefined) break;
    joined = `${joined} ${next.words.trim()}`;
    const said = recognise(joined);
    if (weight(said) > weight(best.said)) best = { said, count };
  }
  return best;
}

/** The lines of the tables that a text shows, by number. */
const linesOf = (tables: readonly TextTable[]): ReadonlySet<number> =>
  new Set(
    tables.flatMap(({ lines: [first, last] }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    ),
  );

/**
 * Reads a text that somebody pasted: logs, dumps and tables in any mixture, with anything between
 * them.
 */
export function readPaste(text: readonly string[]): Paste {
  const lines = pastedLines(text);
  const tables = tablesOfText(lines.map(({ words }) => words)).map((table) => {
    const [first, last] = table.lines.map((line) => lines[line - 1]?.number ?? line);
    return { ...table, lines: [first ?? 0, last ?? 0] as const };
  });
  const taken = linesOf(tables);
  const recognise = startRecogniser();
  const observations: Observation[] = [];
  const unrecognised: UnrecognisedLine[] = [];
  let lineCount = 0;
  for (let index = 0; index < lines.length; ) {
    const { number = 0, text: raw = "", words = "" } = lines[index] ?? {};
    if (words.trim() === "" || taken.has(number)) {
      lineCount += words.trim() === "" ? 0 : 1;
      index += 1;
      continue;
    }
    const { said, count } = readFrom(lines, index, recognise);
    lineCount += count;
    index += count;
    if (said !== undefined) observations.push({ line: number, said });
    else unrecognised.push({ line: number, text: raw, isTelling: telling.test(words) });
  }
  return { lineCount, observations, tables, unrecognised };
}
