import { printable } from "../../events/printable.ts";
import type { Finding } from "../../target/lane.ts";
import type { Tally } from "../../target/tally.ts";
import type { Terminal } from "../terminal.ts";
import { story } from "./fuzz-story.ts";
import { grouped, renderPairs, renderTable } from "./table.ts";

/** A finding that was made small, and the files that it was saved in. */
export interface Reported {
  readonly small: Finding;
  readonly files: Readonly<Record<string, string>>;
  /** What the file besides the log is for. */
  readonly use: string;
  /** Whether it happened again when the same program ran a second time; unknown where none did. */
  readonly again: boolean | undefined;
  /** Why it may be larger than it needs: the seconds that were up, or that somebody ended it. */
  readonly cut: number | "stopped" | undefined;
  /** Why it is not in its files. */
  readonly unsaved: Error | undefined;
}

/** Why a finding may be larger than it needs, and what makes it smaller. */
function cutText({ cut, files, unsaved }: Reported): string {
  if (cut === undefined) return "";
  const when = cut === "stopped" ? "when it was ended" : `after ${cut.toString()} s`;
  const more = `--log ${files["log"] ?? ""} goes on from what is saved`;
  const then = unsaved === undefined ? `: ${more}` : "";
  return `Shrinking stopped ${when}, so that less may show it, too${then}.\n`;
}

/** A target by how it is reached, and by what it calls itself. */
export const titleOf = (target: string, name: string | undefined): string =>
  name === undefined || name === target ? target : `${target} ("${printable(name)}")`;

/** The report of a campaign. */
export function renderFuzz(
  terminal: Terminal,
  result: {
    readonly target: string;
    /** What it calls itself. */
    readonly name?: string;
    readonly profile: string;
    readonly seed?: number;
    /** What was run instead of random programs. */
    readonly log?: { readonly file: string | undefined; readonly inputs: number };
    readonly seconds: number;
    /** Whether somebody ended it early. */
    readonly isStopped: boolean;
    /** What is avoided in random programs, and was in this one. */
    readonly notAvoided: readonly string[];
  },
  tally: Tally,
  reported: Reported | undefined,
  listed: string | undefined,
): string {
  const { target, name, profile, seed, log, seconds, isStopped, notAvoided } = result;
  const title = titleOf(target, name);
  const perMinute = Math.round((tally.programs / Math.max(seconds, 0.001)) * 60);
  const ending = isStopped ? ", ended early" : "";
  const each = (tally.compared / Math.max(1, tally.programs)).toFixed(1);
  const pairs = renderPairs(terminal, [
    ["Target", `${title}, profile ${profile}`],
    log === undefined
      ? ["Seed", seed?.toString() ?? ""]
      : ["Log", `${log.file ?? ""}, ${grouped(log.inputs)} inputs`],
    ["Programs", `${grouped(tally.programs)}, ${grouped(perMinute)} a minute${ending}`],
    [
      "Operations",
      `${grouped(tally.operations)}, ${grouped(tally.compared)} compared (${each} a program)`,
    ],
    ["Choices", `${grouped(tally.choices)} times another of several values that are allowed`],
    ["Unexplained", reported === undefined ? "none" : "1"],
  ]);
  const rows = [...tally.deviations].sort().map(([id, times]) => [id, grouped(times)]);
  const head = ["Known deviation", "Met"];
  const where = listed === undefined ? "" : `${listed} says what they are.\n`;
  const deviations = rows.length === 0 ? "" : `\n${renderTable(terminal, head, rows)}\n${where}`;
  if (reported === undefined) return `${pairs}${deviations}`;
  const { small, files, use } = reported;
  const [aLog, other] = Object.values(files);
  const saved =
    reported.unsaved === undefined
      ? `Saved as ${aLog} (a log) and ${other} (${use}).`
      : "It could not be saved; the seed above shows it again.";
  const known =
    notAvoided.length === 0
      ? ""
      : `It has in it what random programs avoid, and what is known: ${notAvoided.join(", ")}.\n\n`;
  const end = `${known}${cutText(reported)}${saved}\n`;
  if (reported.again !== false) return `${pairs}${deviations}\n${story(target, small)}\n\n${end}`;
  const once =
    "It did not happen again when the same program ran a second time: it depends on what ran\n" +
    "before, or somebody else ended the program. It is told as it was.\n\n";
  const told = small.death === undefined ? story(target, small) : `${small.death}.`;
  return `${pairs}${deviations}\n${once}${told}\n\n${saved}\n`;
}

/** One line about how far a campaign is. */
export const progressText = (tally: Tally, seconds: number): string => {
  const { programs, kinds, deviations } = tally;
  const rate = (programs / Math.max(seconds, 0.001)).toFixed(1);
  const parts = [`${programs.toString()} programs`, `${rate}/s`];
  parts.push(`${kinds.size.toString()} kinds of event`);
  parts.push(`${deviations.size.toString()} known deviations met`);
  return parts.join(", ");
};

/** The report of a campaign as an object. */
export const fuzzJson = (
  result: object,
  { deviations, kinds, ...tally }: Tally,
  reported: Reported | undefined,
) => ({
  ...result,
  ...tally,
  deviations: Object.fromEntries(deviations),
  kinds: Object.fromEntries(kinds),
  ...(reported === undefined
    ? {}
    : {
        finding: {
          index: reported.small.index,
          operations: reported.small.inputs.length,
          ...(reported.again === undefined ? {} : { again: reported.again }),
          ...(reported.cut === undefined ? {} : { isCut: true }),
          text: reported.small.death ?? reported.small.comparison?.difference?.text ?? "",
          ...(reported.unsaved === undefined
            ? reported.files
            : { unsaved: reported.unsaved.message }),
        },
      }),
});
