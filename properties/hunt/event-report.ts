import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stderr, stdout } from "node:process";
import Table from "cli-table3";
import { eventMutants, subjectOf } from "../bugs/event-mutant.ts";
import type { NoticedRow } from "../bugs/noticed.ts";
import { noticedFile, noticedText } from "../bugs/noticed.ts";
import { projectFolder } from "../project-folder.ts";
import { huntEvents } from "./event-hunt.ts";

/** Which mutants are wanted, and how the result is shown. */
export interface EventHunt {
  /** Part of the names of what is turned; all of it, kept in the file of rows, when `true`. */
  readonly facts?: string | true;
  readonly seed?: number | undefined;
  readonly json?: boolean | undefined;
}

const how = { worlds: 400, changed: 12, patience: 20_000 } as const;

function print(rows: readonly NoticedRow[]): void {
  const table = new Table({
    head: ["what", "how", "laws", "worlds"],
    style: { head: [], border: [] },
  });
  for (const { subject, how: fault, worlds, laws } of rows) {
    table.push([subject, fault, laws.join(" ") || "nothing", worlds]);
  }
  stdout.write(`${table.toString()}\n`);
}

/**
 * Turns each kind of fact, each of its fields and each field of a register, and writes down which
 * laws notice. @returns whether some law noticed something of each.
 */
export async function huntFacts({ facts, seed = 1, json }: EventHunt): Promise<boolean> {
  const text = facts === true ? "" : (facts ?? "");
  const wanted = eventMutants.filter((mutant) => subjectOf(mutant).includes(text));
  const rows: NoticedRow[] = [];
  await huntEvents(wanted, { seed, ...how }, (mutant, { laws, worlds }) => {
    const row = { subject: subjectOf(mutant), how: mutant.how, worlds, laws };
    rows.push(row);
    const by = laws.length > 0 ? laws.join(" ") : worlds === 0 ? "changes nothing" : "nothing";
    stderr.write(`${rows.length}/${wanted.length} ${row.subject} ${row.how} … ${by}\n`);
  });
  if (facts === true) writeFileSync(join(projectFolder(), noticedFile), noticedText(rows));
  if (json === true) stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else if (facts !== true) print(rows);
  const noticed = new Set(rows.flatMap(({ subject, laws }) => (laws.length > 0 ? subject : [])));
  return rows.every(({ subject }) => noticed.has(subject));
}
