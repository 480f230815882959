import { stderr, stdout } from "node:process";
import { Command } from "commander";
import { profiles } from "../../events/profile/profiles.ts";
import { bugs } from "../../properties/bugs/all.ts";
import type { Bug } from "../../properties/bugs/bug.ts";
import { byHand } from "../hand/all.ts";
import { facets, nameOf } from "../rules/all.ts";
import { unseenBugs } from "../rules/unseen-bugs.ts";
import { caseFor, trialOf } from "./bug-cases.ts";
import type { SmallCase } from "./case.ts";
import { chosenBefore, needed, shownIn, writeChosen } from "./choice.ts";
import { facetCases } from "./facet-cases.ts";
import { keptCases, save } from "./kept-cases.ts";
import { stopModels, withModel } from "./mutant.ts";
import type { Asking } from "./observable.ts";
import { askingOf, isSeen } from "./observable.ts";
import type { Candidate } from "./pool.ts";
import { candidates, rawPrograms, selectedProfiles } from "./pool.ts";

interface Options {
  readonly seed: number;
  readonly programs: number;
  readonly pool: number;
  readonly campaign: number;
  readonly keep?: string;
  readonly profile?: readonly (typeof selectedProfiles)[number][];
  readonly first: number;
  readonly again?: true;
  readonly passing?: readonly string[];
  readonly only?: readonly string[];
}

const say = (text: string): void => void stderr.write(`${text}\n`);

/** A case for each facet that generated programs or those by hand show. */
async function collect(
  { seed, programs, keep, profile, first }: Options,
  cases: SmallCase[],
): Promise<void> {
  const shown = new Set(cases.flatMap(shownIn));
  const left = facets.filter((each) => !shown.has(nameOf(each)));
  say(`${left.length} of ${facets.length} facets to look for in ${programs} programs a profile`);
  if (programs === 0) return;
  for await (const found of facetCases(left, seed, programs, {
    names: profile ?? selectedProfiles,
    first,
  })) {
    say(`  ${found.profile} ${found.facet ?? ""}: ${found.inputs.length} inputs`);
    cases.push(found);
    save(keep, cases);
  }
}

/** How many bugs are tried at a time, each in a thread of its own. */
const lanes = 12;

/** Does some work for each of many things, some at a time. */
async function someAtATime<One>(many: readonly One[], work: (one: One) => Promise<void>) {
  const left = [...many];
  const lane = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Cases that find a bug, at most: more are not looked for. */
const enoughKills = 2;

/** Which of the cases each bug fails, and a new case for one that passes them all. */
async function killAll(
  { seed, pool: count, keep, passing: known = [] }: Options,
  wanted: readonly Bug[],
  cases: SmallCase[],
  before: readonly SmallCase[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const killed = new Map<string, readonly string[]>();
  const trials = cases.map(trialOf);
  const passing = wanted.filter(({ id }) => known.includes(id));
  const untried = wanted.filter(({ id }) => !known.includes(id));
  await someAtATime(untried, async (bug) => {
    const failed = await withModel(bug, (mutant) => mutant.failed(trials, enoughKills));
    const ids = failed.flatMap((index) => cases[index]?.id ?? []);
    say(`  ${bug.id}: ${ids.join(", ") || "no case"}`);
    if (ids.length > 0) killed.set(bug.id, ids);
    else passing.push(bug);
  });
  say(`${passing.length} bugs pass the ${cases.length} cases; programs for them:`);
  const pool: Candidate[] = [];
  for (const name of selectedProfiles) pool.push(...candidates(name, seed + 1, count));
  await someAtATime(passing, async (bug) => {
    const own = before.filter((each) => each.bug === bug.id);
    const found = await withModel(bug, async (mutant) => {
      const [place] = await mutant.failed(own.map(trialOf), 1);
      return place === undefined ? caseFor(bug, mutant, pool) : own[place];
    });
    say(`  ${bug.id}: ${found === undefined ? "none" : `${found.inputs.length} inputs`}`);
    if (found === undefined) return;
    cases.push(found);
    save(keep, [...before, ...cases]);
    killed.set(bug.id, [found.id]);
  });
  return killed;
}

/** Of some bugs those that random programs show, as `fuzz` compares them. */
async function seenIn(unkilled: readonly Bug[], { seed, campaign }: Options) {
  const askings: Asking[] = [];
  for (const name of selectedProfiles) {
    let count = 0;
    for (const steps of rawPrograms(profiles[name], seed + 2)) {
      if (++count > campaign) break;
      askings.push(askingOf(profiles[name], steps));
    }
  }
  const seen: string[] = [];
  await someAtATime(unkilled, async (bug) => {
    const shows = await withModel(bug, (mutant) => isSeen(mutant, askings));
    say(`  ${bug.id}: ${shows ? "seen" : "not seen"} in ${askings.length} programs`);
    if (shows) seen.push(bug.id);
  });
  return { programs: askings.length, seen };
}

/** @throws Error where the model itself fails a case. */
const checkModel = (cases: readonly SmallCase[]): Promise<void> =>
  withModel(undefined, async (model) => {
    const wrong = await model.failed(cases.map(trialOf), cases.length);
    const ids = wrong.flatMap((index) => cases[index]?.id ?? []);
    if (ids.length > 0) throw new Error(`the model fails ${ids.join()}`);
  });

/** The cases of a new choice, or those of the one before. */
async function casesOf(options: Options, found: SmallCase[]) {
  if (options.again) return chosenBefore();
  await collect(options, found);
  return { cases: [...needed(found, say)], killed: new Map<string, readonly string[]>() };
}

async function select(options: Options): Promise<void> {
  const found: SmallCase[] = [...byHand, ...keptCases(options.keep)];
  const { cases, killed } = await casesOf(options, found);
  say(`${cases.length} of ${found.length} cases show all facets; the bugs:`);
  await checkModel(cases);
  const only = options.only ?? bugs.map(({ id }) => id);
  const left = bugs.filter(({ id }) => !killed.has(id) && only.includes(id));
  for (const [id, ids] of await killAll(options, left, cases, found)) killed.set(id, ids);
  writeChosen(cases, killed);
  if (options.campaign === 0) return;
  const unkilled = bugs.filter(({ id }) => !killed.has(id) && !unseenBugs.has(id));
  const { programs, seen } = await seenIn(unkilled, options);
  const measured = { seed: options.seed, programs, bugs: bugs.length, killed: killed.size, seen };
  stdout.write(`${JSON.stringify(measured)}\n`);
}

await new Command("select")
  .description("Chooses the programs of vectors/chosen.json: heavy, and the same for a seed.")
  .option("--seed <n>", "which programs", Number, 1)
  .option("--programs <n>", "programs of each profile in which facets are looked for", Number, 60)
  .option("--profile <name...>", "the profiles in which facets are looked for; all when missing")
  .option("--first <n>", "the first program in which facets are looked for", Number, 0)
  .option("--pool <n>", "programs of each profile in which bugs are looked for", Number, 20)
  .option(
    "--campaign <n>",
    "programs of each profile that bugs which pass the choice are put to",
    Number,
    0,
  )
  .option("--again", "keeps the choice, and looks for cases of the bugs that pass it")
  .option("--only <id...>", "the bugs to look for; all when missing")
  .option("--passing <id...>", "bugs that are known to pass the choice")
  .option("--keep <file>", "takes cases that were made before from there, and keeps new ones")
  .action((options: Options) => select(options).finally(stopModels))
  .parseAsync();
