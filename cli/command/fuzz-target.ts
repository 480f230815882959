import { InvalidArgumentError } from "commander";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { findQemu } from "../../qemu/binary.ts";
import type { Version } from "../../qemu/deviation/known.ts";
import { knownDeviations } from "../../qemu/deviation/known.ts";
import { knownIn, nothingKnownOfQtest } from "../../qemu/deviation/known-in.ts";
import { scriptOf } from "../../qemu/fuzz/script.ts";
import { qemuPlan, shellPlan } from "../../qemu/fuzz/target.ts";
import type { UnitProfile } from "../../qemu/unit-options.ts";
import {
  isUnitProfile,
  unitOptionsOf,
  unitProfiles,
  usualUnitOptions,
} from "../../qemu/unit-options.ts";
import type { Known } from "../../target/known.ts";
import { nothingKnown } from "../../target/known.ts";
import type { Finding } from "../../target/lane.ts";
import { modulePlan, stdioPlan } from "../../target/reach.ts";
import type { TargetPlan } from "../../target/target.ts";
import { transcriptOf } from "../../target/transcript.ts";
import { InputError, named } from "../input-error.ts";
import { describeSteps } from "../render/fuzz-step.ts";
import { deviationsIn } from "./fuzz-deviations.ts";

/** What is passed by: what a version of QEMU is known for, nothing, or what a module exports. */
export type Passed = Version | "none" | { readonly module: string };

/** The newest major version of QEMU of which something is known. */
const newestKnown = Math.max(
  ...knownDeviations.flatMap(({ seen }) => seen.map((version) => Number.parseInt(version, 10))),
);

/** A version of QEMU, `none`, or the path of a module. */
export function parsePassed(text: string): Passed {
  if (text === "none") return text;
  if (/\.m?js$/.test(text)) return { module: text };
  const [, major, minor = "0"] = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d+)?$/.exec(text) ?? [];
  if (major === undefined) {
    throw new InvalidArgumentError("Expected a version like 10.0, none, or a module.");
  }
  const version = { major: Number(major), minor: Number(minor) };
  if (version.major < 7 || (version.major === 7 && version.minor < 2)) {
    throw new InvalidArgumentError("Nothing is known of versions before 7.2.");
  }
  if (version.major > newestKnown) {
    const newest = newestKnown.toString();
    throw new InvalidArgumentError(`Nothing is known of versions after ${newest}.`);
  }
  return version;
}

/** What the unit of a profile's name has to have and does not. */
function lackOf(name: UnitProfile, { smts, flts }: Profile): string | undefined {
  const needsFirstStage = name === "first-stage" || name === "pasids";
  if ((needsFirstStage || name === "scalable" || name === "snooping") && !smts)
    return "its unit has no scalable mode (ECAP.SMTS)";
  return needsFirstStage && !flts ? "its unit has no first stages (ECAP.FLTS)" : undefined;
}

/** A file that a counterexample is saved in besides its log. */
export interface Kept {
  readonly name: string;
  /** What its name ends with. */
  readonly ending: string;
  /** What it is for. */
  readonly use: string;
  readonly textOf: (finding: Finding, about: string) => string;
}

/** What to run, what is known of it, and how a counterexample of it is kept. */
export interface Against {
  readonly target: TargetPlan;
  readonly profile: string;
  readonly known: Known;
  readonly lack: (unit: Profile) => string | undefined;
  readonly kept: Kept;
  /** The page that says what the known deviations are. */
  readonly listed?: string;
}

/** The options of `fuzz` that say what to run. */
export interface AgainstOptions {
  readonly against: string;
  readonly profile?: string;
  readonly qemu?: string;
  readonly without?: string;
  readonly timeout?: number;
  readonly deviations?: Passed;
}

const usualPatience = 5;

/** The units that an implementation may be: none with extended contexts, which no program uses. */
const given: readonly (readonly [string, Profile])[] = Object.entries(profiles).filter(
  ([, { ecs }]) => !ecs,
);
export const givenProfiles = given.map(([name]) => name).join(", ");

/** The unit that an implementation is to be. @throws InputError for a name of none of them. */
function wordsOf(name: string | undefined): Profile | undefined {
  if (name === undefined) return undefined;
  const known = given.find(([one]) => one === name)?.[1];
  if (known !== undefined) return known;
  throw new InputError(
    `--profile ${named(name)}: not one that a target can be given: ${givenProfiles}`,
  );
}

/** A target that answers requests. */
async function implementation(options: AgainstOptions): Promise<Against | undefined> {
  const [, way, place = ""] = /^(module|stdio):(.+)$/s.exec(options.against) ?? [];
  if (way === undefined) return undefined;
  for (const name of ["qemu", "without"] as const) {
    if (options[name] !== undefined) throw new InputError(`--${name}: is about QEMU alone`);
  }
  const { deviations, profile, timeout: patience = usualPatience } = options;
  if (typeof deviations === "object" && !("module" in deviations)) {
    throw new InputError("--deviations: a version is of QEMU; expected none, or a module");
  }
  const isModule = typeof deviations === "object";
  const wishes = { patience, words: wordsOf(profile) };
  const target = way === "module" ? modulePlan(place, wishes) : stdioPlan(place, wishes);
  return {
    ...{ target, profile: profile ?? "of its own", lack: () => undefined },
    known: isModule
      ? { ...nothingKnown, deviations: await deviationsIn(deviations.module) }
      : nothingKnown,
    kept: { name: "requests", ending: "requests.jsonl", use: "what to send", textOf: transcriptOf },
  };
}

/** How a counterexample of what speaks qtest is kept. */
const scriptFor = (target: TargetPlan, unitOptions: string): Kept => ({
  name: "script",
  ending: "qtest",
  use: "for QEMU alone",
  textOf: (finding, about) => {
    const head = { about: [about], unitOptions, target: target.name };
    return scriptOf(finding, head, describeSteps(finding));
  },
});

/**
 * What `fuzz` is to run by its options.
 *
 * @throws InputError when they name nothing that can be; ProgramError when QEMU cannot be run.
 */
export async function targetOf(options: AgainstOptions): Promise<Against> {
  const other = await implementation(options);
  if (other !== undefined) return other;
  const { deviations, without, timeout, profile = "legacy" } = options;
  if (timeout !== undefined) throw new InputError("--timeout: is about stdio and module alone");
  if (without !== undefined && !knownDeviations.some(({ id }) => id === without)) {
    throw new InputError(`--without ${named(without)}: no known deviation has this name`);
  }
  if (!isUnitProfile(profile)) {
    throw new InputError(
      `--profile ${named(profile)}: not one of QEMU's: ${unitProfiles.join(", ")}`,
    );
  }
  const knownOf = (version: Version | undefined): Known => {
    const asked = deviations ?? version ?? "none";
    if (asked === "none") return nothingKnownOfQtest;
    if ("module" in asked)
      throw new InputError("--deviations: expected a version of QEMU, or none");
    return knownIn(asked, without);
  };
  const done = (target: TargetPlan, known: Known, unitOptions: string): Against => ({
    ...{ target, profile, known, kept: scriptFor(target, unitOptions) },
    listed: "docs/qemu-deviations.md",
    lack: (unit) => lackOf(profile, unit),
  });
  const [, command] = /^qtest:(.+)$/.exec(options.against) ?? [];
  if (command !== undefined) {
    return done(shellPlan(command), knownOf(undefined), usualUnitOptions(profile));
  }
  if (options.against !== "qemu") {
    const ways = "expected qemu, qtest:COMMAND, stdio:COMMAND or module:PATH";
    throw new InputError(`--against ${named(options.against)}: ${ways}`);
  }
  const binary = await findQemu(options.qemu);
  return done(qemuPlan(binary, profile), knownOf(binary), unitOptionsOf(binary, profile));
}
