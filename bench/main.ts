import { spawnSync } from "node:child_process";
import type { Terminal } from "../cli/terminal.ts";
import { processTerminal } from "../cli/terminal.ts";
import { parseJson } from "../events/json.ts";
import { measureAudit } from "./audit.ts";
import { measureBrowser } from "./browser.ts";
import { measureCalls } from "./calls.ts";
import { measureCharts } from "./chart.ts";
import { measureExplore } from "./explore.ts";
import type { Figure } from "./figure.ts";
import { figuresToJson, renderFigures } from "./figure.ts";
import { measureFold } from "./fold.ts";
import { measureGrowth } from "./growth.ts";
import { measureHistory } from "./history.ts";
import { measureInvalidation } from "./invalidation.ts";
import { measureLaws } from "./laws.ts";
import { measureLongHistory } from "./long-history.ts";
import type { Effort } from "./measure.ts";
import { measureMemory } from "./memory.ts";
import { measureNested } from "./nested.ts";
import { measurePage } from "./page.ts";
import { measurePieces } from "./primitive.ts";
import { measureSelfReference } from "./self-reference.ts";
import { measureWalk } from "./walk.ts";
import { measureWorst } from "./worst.ts";

type Figures = readonly Figure[];
const measures: Readonly<Record<string, (effort: Effort) => Figures | Promise<Figures>>> = {
  fold: measureFold,
  audit: measureAudit,
  calls: measureCalls,
  translate: measureWalk,
  nested: measureNested,
  many: (effort) => [...measureMemory(effort), ...measureInvalidation(effort)],
  "self-reference": measureSelfReference,
  history: measureHistory,
  page: measurePage,
  "long-history": measureLongHistory,
  worst: measureWorst,
  growth: measureGrowth,
  charts: measureCharts,
  explore: measureExplore,
  laws: measureLaws,
  pieces: measurePieces,
  browser: measureBrowser,
};
/** Parts of the long run: minutes of processor time, and gigabytes of memory. */
const longParts = ["long-history", "browser"];
/** What is measured unless somebody names parts. */
const usualParts = Object.keys(measures).filter((part) => part !== "browser");
const longInputs: Readonly<Record<string, number>> = {
  "long-history": 10_000_000,
  browser: 1_000_000,
};
/** A part that takes longer than this has no figures. */
const patienceOf = (short: boolean, long: boolean): number => (long ? 7200 : short ? 10 : 40);

const options = ["--short", "--long", "--json", "--help"];

const usage = `Usage: npm run bench -- [--short|--long] [--json] [--events=N] [part ...]

Measures what the model costs and compares it with its budgets. It is no test: the exit
code is 0 whatever is missed.

  part     only that: ${Object.keys(measures).join(", ")}
  --short  less time a figure, for a first look
  --long   instead: long-history with 10,000,000 inputs, and browser, which opens 1,000,000 in
           Chromium; minutes, and some gigabytes of memory
  --json   one object, with every figure
  --events=N  with long-history alone: how long its log is, up to 10,000,000
  --help   this text
`;

/** What one part says, measured in a process of its own: no part slows down another. */
function measureApart(part: string, short: boolean, long: boolean): readonly Figure[] {
  const [program = ""] = process.argv.slice(1);
  const more = [...(short ? ["--short"] : []), ...(long ? ["--long"] : [])];
  const room = long ? ["--max-old-space-size=12000"] : [];
  const words = [...room, program, "--json", part, ...more];
  const { status, stdout } = spawnSync(process.execPath, words, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: patienceOf(short, long) * 1000,
    maxBuffer: 2 ** 24,
  });
  if (status === 0) return (parseJson(stdout) as { figures: readonly Figure[] }).figures;
  const name = `did not end within ${patienceOf(short, long).toString()} s, or ran out of memory`;
  return [{ group: part, name, value: Number.NaN, unit: "", budget: { atMost: 0 } }];
}

async function measureAll(
  terminal: Terminal,
  parts: readonly string[],
  effort: Effort,
  long: boolean,
): Promise<Figures> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    const inputs = long ? longInputs[only] : undefined;
    return (await measures[only]?.({ ...effort, ...(inputs && { inputs }) })) ?? [];
  }
  const wanted = parts.length > 0 ? parts : long ? longParts : usualParts;
  const figures = wanted.flatMap((part) => {
    if (terminal.drawsProgress) terminal.err(`\r\u001b[K${part} …`);
    return measureApart(part, effort.short, long);
  });
  if (terminal.drawsProgress) terminal.err("\r\u001b[K");
  return figures;
}

const isEvents = (word: string): boolean => /^--events=\d{3,8}$/.test(word);

/** How many events somebody wants, if they say so. */
function eventsOf(words: readonly string[]): number | undefined {
  const word = words.find(isEvents);
  return word === undefined ? undefined : Number(word.slice("--events=".length));
}

/** Measures and prints; returns the exit code, 2 for what it does not know. */
async function run(words: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  const events = eventsOf(words);
  const isKnown = (word: string): boolean =>
    options.includes(word) || Object.hasOwn(measures, word) || isEvents(word);
  const unknown = words.find((word) => !isKnown(word));
  if (unknown !== undefined) {
    terminal.err(`unknown: ${unknown}\n${usage}`);
    return 2;
  }
  if (words.includes("--help")) {
    terminal.out(usage);
    return 0;
  }
  const [short, long] = [words.includes("--short"), words.includes("--long")];
  const parts = words.filter((word) => Object.hasOwn(measures, word));
  const start = performance.now();
  const effort = { short, seconds: short ? 0.15 : 0.8, ...(events !== undefined && { events }) };
  const figures = await measureAll(terminal, parts, effort, long);
  const seconds = (performance.now() - start) / 1000;
  if (words.includes("--json")) terminal.out(figuresToJson(figures, short));
  else {
    terminal.out(renderFigures(terminal, figures));
    terminal.out(`\nNode ${process.version}, ${seconds.toFixed(0)} s\n`);
  }
  return 0;
}

process.exitCode = await run(process.argv.slice(2));
