import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../project-folder.ts";

/** Which laws noticed one mutant of a fact or a register's field. */
export interface NoticedRow {
  /** A kind of fact, one of its fields, or a field of a register. */
  readonly subject: string;
  /** What was wrong with it. */
  readonly how: string;
  /** Worlds that it changed, up to the one in which it was noticed; 0 where it changes none. */
  readonly worlds: number;
  /** All that noticed it in that world. */
  readonly laws: readonly string[];
}

/** The file of rows, from the root. `npm run hunt -- --facts` writes it. */
export const noticedFile = "properties/bugs/noticed.tsv";

const head = "what\thow\tworlds\tlaws";

/** Rows as the file has them: one a line, its parts between tabulators. */
export const noticedText = (rows: readonly NoticedRow[]): string =>
  [
    head,
    ...rows.map(({ subject, how, worlds, laws }) =>
      [subject, how, worlds, laws.join(" ")].join("\t"),
    ),
  ]
    .map((line) => `${line}\n`)
    .join("");

/** The rows of a text that was made so. */
export function noticedIn(text: string): readonly NoticedRow[] {
  const lines = text.split("\n").slice(1);
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [subject = "", how = "", worlds = "0", laws = ""] = line.split("\t");
      const ids = laws.split(" ").filter((id) => id !== "");
      return { subject, how, worlds: Number(worlds), laws: ids };
    });
}

/** The rows as they were found last. */
export const noticedRows = (): readonly NoticedRow[] =>
  noticedIn(readFileSync(join(projectFolder(), noticedFile), "utf8"));
