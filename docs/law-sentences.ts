import { readdirSync, readFileSync } from "node:fs";
import { laws } from "../properties/laws/all.ts";
import { table, tableRow } from "./table.ts";

const folder = new URL("../properties/laws/", import.meta.url);

/** The file that declares each law, by the law's id. */
function filesOfLaws(): ReadonlyMap<string, string> {
  const declared = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/^ {2}id: "(\w+)",$/gm)].map(
      ([, id = ""]) => [id, file] as const,
    ),
  );
  return new Map(declared);
}

const head = ["id", "law", "file in `properties/laws/`"];

/** A page with its table of laws as they are now; other lines stay. */
export function withLawTable(page: string): string {
  const lines = page.split("\n");
  const start = lines.indexOf(tableRow(head));
  if (start < 0) throw new Error("the page has no table of laws");
  const count = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  const files = filesOfLaws();
  const rows = laws.map(({ id, says }) => [id, says, `\`${files.get(id) ?? ""}\``]);
  return lines.toSpliced(start, count, table(head, rows)).join("\n");
}

/** A page of rules with the sentences of those that are laws; other lines stay. */
export function withLawRules(page: string): string {
  const sentences = new Map(laws.map(({ id, says }) => [id, says]));
  const lines = page.split("\n").map((line) => {
    const id = /^- \[(\w+)\] /.exec(line)?.[1] ?? "";
    const says = sentences.get(id);
    return says === undefined ? line : `- [${id}] ${says}`;
  });
  return lines.join("\n");
}
