import type { Source } from "../properties/style/source.ts";
import { parseSources } from "../properties/style/source.ts";
import { cellsOf, tableRow } from "./table.ts";

/** A choice between readings of the sources, marked in a comment. */
export interface Reading {
  /** The file, from the root. */
  readonly path: string;
  /** All that the comment says of it, in one line. */
  readonly text: string;
}

/** A comment without what marks it as one: lines of `//` that follow each other are one text. */
function* textsOf({ comments, text }: Source): Generator<string> {
  let [lines, end]: [string[], number] = [[], -1];
  for (const comment of comments) {
    const follows = comment.type === "Line" && /^\n[ ]*$/.test(text.slice(end, comment.start));
    if (!follows) {
      yield lines.join("\n");
      lines = [];
    }
    lines.push(...comment.value.split("\n").map((line) => line.replace(/^[ ]*[*]? ?/, "")));
    end = comment.end;
  }
  yield lines.join("\n");
}

const mark = "Reading:";

/** What is marked in a comment: each from its mark to the end of the paragraph or the next mark. */
function marked(text: string): readonly string[] {
  const paragraphs = text.split(/\n\s*\n|\n(?=@)/);
  const pieces = paragraphs.flatMap((paragraph) => paragraph.split(mark).slice(1));
  return pieces.map((piece) => piece.replace(/\s+/g, " ").trim());
}

/** Every reading that a comment marks, in the order of paths. */
export const readings = (): readonly Reading[] =>
  parseSources()
    .filter(({ folder }) => folder !== "docs")
    .flatMap((source) =>
      [...textsOf(source)].flatMap(marked).map((text) => ({ path: source.path, text })),
    );

/** What tells readings apart; the same one may be marked in the model and in the oracle. */
const firstSentence = (text: string): string => text.split(/(?<=\.) /)[0] ?? text;

const head = tableRow(["where", "reading", "sources", "otherwise"]);

/** Who may be a source: the specification, implementations, and pages and interfaces like it. */
const source =
  /VT-d [0-9.]+ (?:§|Table)|Linux|QEMU|OpenVMM|Xen|VirtualBox|EDC|REGH|RISC-V|PCI Express/;

/** The line below the head of a table. */
const isRule = (line: string): boolean => /^[|]([ ]?-+[ ]?[|])+$/.test(line);

/** A row with where its reading is now and what the code says; what the sources say stays. */
function renewed(row: string, found: readonly Reading[]): string {
  const [, , ...sources] = cellsOf(row);
  const places = [...new Set(found.map(({ path }) => `\`${path}\``))];
  return tableRow([places.join(", "), found[0]?.text ?? "", ...sources]);
}

/**
 * The page of readings with what the code says now. A row and a reading belong together by their
 * first sentence.
 *
 * @throws Error naming the readings that the page lacks and the rows that no code bears out.
 */
export function withReadings(page: string, found: readonly Reading[] = readings()): string {
  const open = new Set(found);
  const wrong: string[] = [];
  let isInTable = false;
  const lines = page.split("\n").map((line) => {
    isInTable = line === head || (isInTable && line.startsWith("|"));
    if (!isInTable || line === head || isRule(line)) return line;
    const [, says = ""] = cellsOf(line);
    const same = found.filter(({ text }) => firstSentence(text) === firstSentence(says));
    for (const one of same) open.delete(one);
    if (same.length > 0) return renewed(line, same);
    wrong.push(`not in the code: ${says}`);
    return line;
  });
  for (const { path, text } of open) wrong.push(`not in the page: ${path}: ${firstSentence(text)}`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  return lines.join("\n");
}

/** The first sentence of every reading of the page whose third column names no source. */
export function withoutSource(page: string): readonly string[] {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((line) => {
    const [, says = "", sources = ""] = cellsOf(line);
    return source.test(sources) ? [] : [firstSentence(says)];
  });
}
