import type { Configuration } from "../../explore/engine/configuration.ts";
import type { Reached } from "../../explore/engine/reached.ts";
import { reachedOf } from "../../explore/engine/reached.ts";
import type { Outcome, Progress } from "../../explore/engine/search.ts";
import { keptBytes } from "../../explore/engine/search.ts";
import type { Finding } from "../../explore/story/finding.ts";
import type { Terminal } from "../terminal.ts";
import { fieldsText } from "./event.ts";
import { grouped, renderPairs, renderTable } from "./table.ts";

/** What a search came to, and how long it took. */
export interface Report {
  readonly outcome: Outcome;
  readonly bounds: { readonly states: number; readonly depth: number | undefined };
  readonly seconds: number;
  readonly finding: Finding | undefined;
  /** Where the finding is saved. */
  readonly file: string | undefined;
}

/** Facts of the last move that a story ends with. */
const shownFacts = 12;

/** A finding as something that a person can follow. */
export function storyLines({ moves, law, text, facts }: Finding): readonly string[] {
  const lines = moves.map((says, index) => `${(index + 1).toString().padStart(4)}. ${says}`);
  const which = law === "question" ? "" : `law ${law} is broken: `;
  const all = facts.map((fact) => `      ${fact.type} ${fieldsText(fact)}`.trimEnd());
  const left = all.length - shownFacts;
  const more = left > 0 ? [`      (${left.toString()} more before these)`] : [];
  const model = all.length === 0 ? [] : ["From the last move follows:", ...more];
  return [...lines, "", `Then ${which}${text}.`, ...model, ...all.slice(-shownFacts)];
}

const endingText = ({ outcome: { ending }, bounds }: Report): string => {
  switch (ending) {
    case "complete":
      return "complete: there is no other state";
    case "states":
      return `stopped at ${grouped(bounds.states)} states: there are more`;
    case "depth":
      return `stopped at depth ${grouped(bounds.depth ?? 0)}: there are more states`;
    case "wrong":
      return "a counterexample; there is no shorter one";
    case "stopped":
      return "ended early: there are more states";
  }
};

const statesText = ({ states, orbits }: Outcome): string =>
  states === orbits
    ? grouped(states)
    : `${grouped(states)}, which stand for ${grouped(orbits)} by the names of like things`;

/** How likely it is that two states were taken for one: pairs of them in 2^96 fingerprints. */
const collisions = ({ states }: Outcome): number => (states * states) / 2 / 2 ** 96;

function chartRow({ chart, states, transitions }: Reached): readonly string[] {
  const met = states.filter(({ isReached }) => isReached);
  const taken = transitions.filter(({ times }) => times > 0);
  const missing = states.flatMap(({ state, isReached }) => (isReached ? [] : [state]));
  return [
    chart,
    `${met.length.toString()} of ${states.length.toString()}`,
    `${taken.length.toString()} of ${transitions.length.toString()}`,
    missing.join(", "),
  ];
}

const chartHead = ["Chart", "States", "Transitions", "Not reached"];

/** Each transition of each chart, with how often it was taken. */
export function renderTransitions(terminal: Terminal, { counts }: Outcome): string {
  const rows = reachedOf(counts.taken).flatMap(({ chart, transitions }) =>
    transitions.map(({ from = "any state", stimulus, guard, to = "stays", times }) => {
      const when = guard === undefined ? stimulus : `${stimulus} [${guard}]`;
      return [chart, from, when, to, grouped(times)];
    }),
  );
  return renderTable(terminal, ["Chart", "From", "Stimulus", "To", "Taken"], rows);
}

/** The report of a search. */
export function renderExplore(terminal: Terminal, report: Report): string {
  const { outcome, seconds, finding, file } = report;
  const { configuration, states, levels, counts } = outcome;
  const unmet = Object.entries(counts.met).flatMap(([name, times]) => (times === 0 ? [name] : []));
  const deepest = levels.map((count, depth) => [count, depth] as const).sort((a, b) => b[0] - a[0]);
  const pairs = renderPairs(terminal, [
    ["Configuration", configuration.name],
    ["Question", configuration.question],
    ["Ended", endingText(report)],
    ["States", statesText(outcome)],
    [
      "Depth",
      `${(levels.length - 1).toString()} moves, most states (${grouped(deepest[0]?.[0] ?? 0)}) ` +
        `at ${(deepest[0]?.[1] ?? 0).toString()}`,
    ],
    ["Moves made", `${grouped(counts.transitions)}, each judged by ${lawsText(configuration)}`],
    ["Speed", `${grouped(Math.round(states / Math.max(seconds, 0.001)))} states a second`],
    ["Two taken for one", `at most a chance of ${collisions(outcome).toExponential(0)}`],
    [
      "Never met",
      unmet.length === 0 ? "nothing that makes the question worth asking" : unmet.join(", "),
    ],
  ]);
  const charts = renderTable(terminal, chartHead, reachedOf(counts.taken).map(chartRow));
  const story = finding === undefined ? "" : `\n${storyLines(finding).join("\n")}\n`;
  const saved = file === undefined ? "" : `\nSaved as ${file} (a log).\n`;
  return `${pairs}\n${charts}\n${story}${saved}`;
}

const lawsText = ({ laws }: Configuration): string => `the question and ${laws.join(", ")}`;

/** One line about how far a search is. */
export function progressText({ states, depth, frontier }: Progress, seconds: number): string {
  const rate = Math.round(states / Math.max(seconds, 0.001));
  return (
    `${grouped(states)} states, depth ${depth.toString()}, ${grouped(frontier)} to look at, ` +
    `${grouped(rate)} states/s`
  );
}

/** The report of a search as an object. */
export function exploreJson({ outcome, bounds, seconds, finding, file }: Report) {
  const { configuration, ending, states, orbits, levels, counts } = outcome;
  const { log: _log, ...told } = finding ?? { log: "" };
  return {
    configuration: configuration.name,
    question: configuration.question,
    ending,
    complete: ending === "complete",
    ...{ states, orbits, levels, bounds, seconds, bytes: keptBytes(bounds.states) },
    transitions: counts.transitions,
    collisions: collisions(outcome),
    laws: configuration.laws,
    met: counts.met,
    moves: configuration.moves.map(({ actor, says }, index) => ({
      ...{ actor, says, times: counts.moves[index] ?? 0 },
    })),
    charts: reachedOf(counts.taken),
    ...(finding === undefined ? {} : { finding: { ...told, file } }),
  };
}

/** The list of configurations. */
export const renderConfigurations = (terminal: Terminal, all: readonly Configuration[]): string =>
  renderTable(
    terminal,
    ["Configuration", "Question"],
    all.map(({ name, question }) => [name, question]),
  );
