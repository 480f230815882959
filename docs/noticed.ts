import { facts } from "../events/fact.ts";
import { everyRegister, factFaults } from "../properties/bugs/event-mutant.ts";
import type { NoticedRow } from "../properties/bugs/noticed.ts";
import { laws } from "../properties/laws/all.ts";
import { table } from "./table.ts";

/** Laws that notice whatever is not as it was: of a row that others notice they come last. */
const general: readonly string[] = ["CH2", "PJ1", "SV1", "SV2", "LO1", "LO3", "SH3", "PF1", "WO3"];

const ranks = new Map(laws.map(({ id }, index) => [id, index]));

/** The laws of a cell, those that say most first. */
function lawsOf(row: NoticedRow | undefined): string {
  if (row === undefined) return "";
  const rank = (id: string): number =>
    (ranks.get(id) ?? ranks.size) + (general.includes(id) ? 1000 : 0);
  const ids = row.laws.toSorted((a, b) => rank(a) - rank(b));
  return ids.join(" ") || (row.worlds === 0 ? "·" : "–");
}

type Rows = ReadonlyMap<string, NoticedRow>;

const cell = (rows: Rows, subject: string, how: string): string =>
  lawsOf(rows.get(`${subject}:${how}`));

const fieldsOf = (fields: object): readonly string[] =>
  Object.keys(fields).filter((name) => name !== "guest");

/** A row for each kind of fact and one for each of its fields. */
function factTables(rows: Rows): readonly string[] {
  const kinds = Object.keys(facts);
  const told = kinds.map((fact) => [
    `\`${fact}\``,
    ...factFaults.map((how) => cell(rows, fact, how)),
  ]);
  const fields = Object.entries(facts).flatMap(([fact, of]) =>
    fieldsOf(of).map((field) => [
      `\`${fact}\``,
      `\`${field}\``,
      cell(rows, `${fact}.${field}`, "wrong"),
    ]),
  );
  return [
    "## Facts",
    table(["fact", ...factFaults], told),
    "## Fields of facts",
    table(["fact", "field", "wrong"], fields),
  ];
}

const registerFaults = ["read", "written", "meant"] as const;

/** A row for each field of each register. */
function registerTable(rows: Rows): readonly string[] {
  const fields = everyRegister().flatMap(({ layout }) =>
    Object.keys(layout.fields).map((field) => [
      `\`${layout.name}\``,
      `\`${field}\``,
      ...registerFaults.map((how) => cell(rows, `${layout.name}.${field}`, how)),
    ]),
  );
  return ["## Fields of registers", table(["register", "field", ...registerFaults], fields)];
}

/** How many rows of the page each law has a part in, and how many it alone notices. */
function lawTable(all: readonly NoticedRow[]): readonly string[] {
  const counts = laws.map(({ id }) => {
    const of = all.filter((row) => row.laws.includes(id));
    const alone = of.filter((row) => row.laws.length === 1);
    return [id, `${of.length}`, `${alone.length}`];
  });
  return ["## By law", table(["law", "notices", "alone"], counts)];
}

const paragraphs: readonly (readonly string[])[] = [
  ["# Which law would notice"],
  [
    "Found by experiment: `npm run hunt -- --facts` makes the model wrong in one thing at a time,",
    "holds it to the laws in random worlds, and writes to `properties/bugs/noticed.tsv` which laws",
    "broke in the first world in which any did, three of them at most. This page is that file; a",
    "test says when a fact or a register's field has no row.",
  ],
  [
    "A fact is `missing` where it is neither told nor takes effect, `untold` where it takes effect",
    "alone, `ineffective` where it is told alone, `twice` where it comes twice running, `early`",
    "and `late` where it changes places with the fact before or after it of the same input, and",
    "`elsewhere` where it takes effect on another guest. A field is `wrong` where it always has",
    "another value. A register's field is `read` or `written` with one bit turned, or a capability",
    "is `meant` so while software reads it as it is.",
  ],
  [
    "A cell has the laws that noticed, those that notice any difference at all last. `–`: no law",
    "noticed in the worlds that were tried. `·`: no world was changed, since there is nothing to",
    "change.",
  ],
];

const intro = paragraphs.map((lines) => lines.join(" ")).join("\n\n");

/** The page, from the rows as they were found. */
export function noticedPage(all: readonly NoticedRow[]): string {
  const rows = new Map(all.map((row) => [`${row.subject}:${row.how}`, row]));
  return `${[intro, ...factTables(rows), ...registerTable(rows), ...lawTable(all)].join("\n\n")}\n`;
}
