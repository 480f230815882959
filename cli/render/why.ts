import { formatSourceId } from "../../events/address.ts";
import { parseJson } from "../../events/json.ts";
import { encodeFact } from "../../events/log/log.ts";
import type { EntryWrite } from "../../history/entry-write.ts";
import type { PlaceFact, Use } from "../../history/use.ts";
import type { Terminal } from "../terminal.ts";
import { renderEvent } from "./event.ts";
import { lastWrite } from "./last-write.ts";
import { meaning } from "./meaning.ts";
import type { Plot } from "./plot.ts";
import { tellStory } from "./story.ts";
import { renderTable } from "./table.ts";
import { walkJson } from "./walk.ts";
import { placeOf, rowName, walkRows } from "./walk-rows.ts";

const columns = 96;
const shownFacts = 8;

/** A sentence over several lines, the first one with a mark. */
export function wrapped(sentence: string): string {
  const lines = [""];
  // The number of an event stays on the line of its word.
  for (const word of sentence.replaceAll(/(events?) (\d)/g, "$1\u00a0$2").split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines
    .map((line, index) => `${index === 0 ? "- " : "  "}${line}\n`)
    .join("")
    .replaceAll("\u00a0", " ");
}

/** The path entry by entry; nothing where no table is in force. */
function pathTable(terminal: Terminal, plot: Plot): string {
  const { walk, trail, request } = plot;
  if (walk.steps.length === 0) return "";
  const { dim } = terminal.colours;
  const rows = walkRows(walk, request.iova).map((row) => {
    const last = row.index === undefined ? undefined : lastWrite(trail.entries[row.index]);
    const cells = [
      rowName(row),
      row.address,
      row.entry,
      row.meaning,
      last === undefined ? "" : last.seq.toString(),
      announcedCell(last),
    ];
    return row.below ? cells.map((cell) => dim(cell)) : cells;
  });
  const head = ["Table", "Entry at", "Entry", "Meaning", "Written", "Announced"];
  const note = "Announced: by the first invalidation that covers this page and its entry.";
  return `\n${renderTable(terminal, head, rows)}${dim(note)}\n`;
}

function announcedCell(write: EntryWrite | undefined): string {
  if (write === undefined) return "";
  return write.needed ? (write.announced?.seq.toString() ?? "") : "not needed";
}

/** The story, then the path with the numbers of the events behind each entry, then the facts. */
export function renderWhy(terminal: Terminal, plot: Plot): string {
  const { bold } = terminal.colours;
  const [first = "", ...rest] = tellStory(plot);
  const facts = plot.facts
    .slice(-shownFacts)
    .map(({ seq, cause, fact }) => renderEvent(terminal, seq, cause, fact));
  const older = plot.facts.length - facts.length;
  const more = older > 0 ? `  and ${older.toString()} more before these; --json has all\n` : "";
  const told = `${bold(first)}\n\n${rest.map(wrapped).join("")}`;
  const said = facts.length === 0 ? "" : `\nFacts about the page\n${more}${facts.join("")}`;
  return `${told}${pathTable(terminal, plot)}${said}`;
}

/** A fact as `--json` prints it. */
export const factJson = (of: PlaceFact | undefined): unknown =>
  of === undefined ? null : parseJson(encodeFact(of.seq, of.cause, of.fact));

function useJson(use: Use | undefined): unknown {
  if (use === undefined) return null;
  const { seq, access, landed, blocked, report } = use;
  return {
    seq,
    access,
    result: blocked === undefined ? "landed" : "blocked",
    gpa: landed?.gpa,
    hpa: landed?.hpa,
    reason: blocked?.reason,
    host: blocked?.host,
    report: factJson(report),
  };
}

/** The object that `--json` prints. */
export function whyJson(plot: Plot): unknown {
  const { request, use, walk, trail, facts, unseen } = plot;
  const { steps: _steps, ...translation } = walkJson(plot);
  const path = walk.steps.map((step, index) => ({
    table: step.table,
    level: step.level,
    below: step.below,
    address: step.address,
    entry: step.host === undefined ? null : step.entry,
    meaning: step.host === undefined ? null : meaning(placeOf(walk, step), step.entry),
    unseen: unseen[index] ?? null,
    writes: trail.entries[index]?.writes ?? [],
  }));
  return {
    device: formatSourceId(trail.place.device),
    iova: request.iova,
    access: request.access,
    dma: useJson(use),
    ...translation,
    path,
    facts: facts.map(factJson),
    uses: {
      landed: trail.uses.landed,
      blocked: trail.uses.blocked,
      first: useJson(trail.uses.first),
      last: useJson(trail.uses.last),
    },
    story: tellStory(plot),
  };
}
