import { storyLines } from "../cli/render/explore.ts";
import { grouped } from "../cli/render/table.ts";
import { configurations } from "../explore/configurations.ts";
import type * as exploring from "../explore/explored.ts";
import type { Finding } from "../explore/story/finding.ts";
import { bugs } from "../properties/bugs/all.ts";
import { importMutant } from "../properties/hunt/mutant.ts";
import type { ExploreRun } from "./revoke-runs.ts";
import { shownRuns } from "./revoke-runs.ts";
import { table } from "./table.ts";

/** Bugs that the page shows a shortest way to, each with the configuration that shows it. */
export const shownBugs: readonly (readonly [bug: string, configuration: string])[] = [
  ["in-flight-left", "revoke"],
  ["p2m-and-device-tlb", "revoke"],
  ["wait-first", "revoke"],
  ["ring-wrap", "ring"],
  ["faulting-tag", "scopes"],
  ["pasid-cache-kept", "pasids"],
  ["event-stays", "faults"],
  ["overflow-unanswered", "page-requests"],
];

/** What finds how a bug breaks a configuration. */
export type Find = (bug: string, configuration: string) => Promise<Finding | undefined>;

/** A module of the model with a bug in it. */
export async function withBug(id: string): Promise<typeof exploring> {
  const bug = bugs.find((one) => one.id === id);
  if (bug === undefined) throw new Error(`there is no bug ${id}`);
  return (await importMutant("explore/explored.ts", bug)) as typeof exploring;
}

/** Looks for a shortest way. */
export const findShortest: Find = async (bug, configuration) => {
  const bounds = { states: 20_000, depth: 20, symmetric: true };
  return (await withBug(bug)).explored(configuration, bounds).finding;
};

const headOf = (bug: string, configuration: string): string =>
  `### \`${bug}\`, in \`${configuration}\``;

/** How a bug breaks a configuration, in the fewest moves. @throws Error when it does not. */
async function brokenBy(find: Find, id: string, configuration: string): Promise<string> {
  const finding = await find(id, configuration);
  if (finding === undefined) throw new Error(`${id} breaks nothing in ${configuration}`);
  const what = bugs.find((one) => one.id === id)?.what ?? "";
  return [
    `${headOf(id, configuration)}\n`,
    `${what} Shown by ${finding.moves.length.toString()} moves:\n`,
    "```text",
    ...storyLines(finding),
    "```",
  ].join("\n");
}

/** The moves that a page tells of a bug. */
export function movesIn(page: string, bug: string, configuration: string): readonly string[] {
  const [, after = ""] = page.split(headOf(bug, configuration));
  const [story = ""] = after.split("\n### ");
  return [...story.matchAll(/^ {1,3}\d+\. (.*)$/gm)].map(([, says = ""]) => says);
}

const runRow = (run: ExploreRun): readonly string[] => [
  `\`${run.configuration}\``,
  run.complete ? "yes" : "no",
  run.finding === undefined ? "nothing" : run.finding.law,
  grouped(run.states),
  grouped(run.orbits),
  (run.levels.length - 1).toString(),
  grouped(run.transitions),
  run.collisions.toExponential(0),
];

/** What a run has found wrong in the model as it is. */
const foundIn = ({ configuration, finding }: ExploreRun): readonly string[] =>
  finding === undefined
    ? []
    : [
        `### What \`${configuration}\` found`,
        "In the model as it is, without any bug put into it:",
        ["```text", ...storyLines({ ...finding, facts: [] }), "```"].join("\n"),
      ];

const anchor = (chart: string): string => chart.toLowerCase().replaceAll(" ", "-");

/** The charts of which a run took any transition, linked to their pictures. */
const chartRows = ({ charts }: ExploreRun): readonly (readonly string[])[] =>
  charts.flatMap(({ chart, states, transitions }) => {
    const taken = transitions.filter(({ times }) => times > 0).length;
    if (taken === 0) return [];
    const reached = states.flatMap(({ state, isReached }) => (isReached ? [state] : []));
    return [
      [
        `[${chart}](charts.md#${anchor(chart)})`,
        `${reached.length.toString()} of ${states.length.toString()}: ${reached.join(", ")}`,
        `${taken.toString()} of ${transitions.length.toString()}`,
      ],
    ];
  });

const questionRows = configurations.map(({ name, question, moves, laws }) => [
  `\`${name}\``,
  question,
  moves.length.toString(),
  laws.join(", "),
]);

function movesOf(name: string): readonly (readonly string[])[] {
  const { moves = [] } = configurations.find((one) => one.name === name) ?? {};
  return moves.map(({ actor, says }) => [actor, says]);
}

const opening = [
  "# Can a device reach a page after it was taken back?",
  "Derived from `explore/` and `docs/revoke-runs.json` by `npm run docs`; change those.",
  "A driver gives a page to a device, takes it back, and gives it to somebody else; a hypervisor " +
    "takes pages from a guest and gives them to another. Between lie entries that are cleared, " +
    "invalidations that are queued, answers that devices owe, and requests on their way. " +
    "Whether a device can reach the page in the end depends on the order in which all that " +
    "happens. Random runs try some orders. `shadowfold explore` tries every one, in a world that " +
    "is small enough for that.",
  "The model holds the answer against mistakes of its own: the question is judged by a *ghost*, " +
    "which knows what the driver and the host did, which status the driver has seen, and where " +
    "DMA landed. It knows nothing of shadows, caches or pending marks.",
];

const method = [
  "## What is looked at",
  "A configuration is a small guest, what its driver, its host, its devices and its unit may do, " +
    "and a question. A move is one thing that one of them does: one input, or a few without " +
    "anything between. The unit works off its queue within the move that starts it, and stops " +
    "where it has to wait for devices: that is when the others have their turn.",
  table(["configuration", "question", "moves", "laws asked"], questionRows),
  "Every state is looked at once, those nearest to the start first, so that a counterexample is " +
    "one of the shortest. Two states are the same when they differ in nothing that matters: " +
    "not in numbers of events or of shadows, nor in what the queue has fetched already. Where " +
    "devices, domains, pages or addresses are like each other, states that differ only in their " +
    "names are looked at once. Tests compare that with the search that does without: each state " +
    "stands for exactly the renamed ones that the other search finds.",
  "Of a state the search keeps a fingerprint of 96 bits and how it was reached, 17 to 37 bytes " +
    "together, and makes the state again from there when its turn comes. Two states with one " +
    "fingerprint would be taken for one; the chance that any two of a run are is at most what " +
    "the last column says.",
  "What a move has left as it was is not told again for the fingerprint of the state after it, " +
    "and a law is not asked of a move that touched nothing that it looks at. A plain search " +
    "(`explore/plain-search.ts`) tells everything anew and asks every law of every move; tests " +
    "hold both to the same states, moves and counterexamples.",
  "A device's wrong answer halts nothing: the status of a wait is written although one came. So " +
    "the driver of `revoke` and `revoke-large` looks for FSTS.ICE when it sees the status, and " +
    "has the devices asked again where it stands. A driver that trusts the status alone gives a " +
    "page away that a device still holds.",
];

/** The page: what was asked, what was looked at, and the shortest ways to break it. */
export async function revokePage(find: Find): Promise<string> {
  const runs = shownRuns();
  const [first] = runs;
  const stories: string[] = [];
  for (const [bug, configuration] of shownBugs) {
    stories.push(await brokenBy(find, bug, configuration));
  }
  const head = [
    "configuration",
    "complete",
    "found wrong",
    "states",
    "stand for",
    "depth",
    "moves made",
    "chance",
  ];
  return `${[
    ...opening,
    ...method,
    "## What came of it",
    "*Complete* means that there is no other state: the answer holds for every order of moves, " +
      "however long. *Stand for* counts the states with all their names.",
    table(head, runs.map(runRow)),
    "`npx shadowfold explore --configuration revoke` makes the first run again; " +
      "`--configuration revoke-large --states 5000000 --threads 2` is a run for a night. *Stand " +
      "for* of a run that is not complete counts what it has found so far.",
    ...runs.flatMap(foundIn),
    `## The charts of \`${first?.configuration ?? ""}\``,
    table(
      ["chart", "states reached", "transitions taken"],
      first === undefined ? [] : chartRows(first),
    ),
    "## What may happen in `revoke`",
    table(["who", "move"], movesOf("revoke")),
    "## The shortest ways to break it",
    "Each of these mistakes was put into the model (`properties/bugs/`), one at a time. What " +
      "follows is what the search found; there is no shorter way to it.",
    ...stories,
  ].join("\n\n")}\n`;
}
