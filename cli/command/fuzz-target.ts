import { InvalidArgumentError } from "commander";
import type { Profile } from "../../events/profile/profile.ts";
import { findQemu } from "../../qemu/binary.ts";
import type { Version } from "../../qemu/deviation/known.ts";
import { knownDeviations } from "../../qemu/deviation/known.ts";
import { knownIn, nothingKnownOfQtest } from "../../qemu/deviation/known-in.ts";
import { unitProfiles } from "../../qemu/fuzz/profiles.ts";
import { qemuPlan, shellPlan } from "../../qemu/fuzz/target.ts";
import type { Known } from "../../target/known.ts";
import type { TargetPlan } from "../../target/target.ts";
import { InputError } from "../input-error.ts";

/** A version of QEMU, or `none`. */
export function parseVersion(text: string): Version | "none" {
  if (text === "none") return text;
  const [, major, minor = "0"] = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d+)?$/.exec(text) ?? [];
  if (major === undefined) throw new InvalidArgumentError("Expected a version like 10.0, or none.");
  const version = { major: Number(major), minor: Number(minor) };
  if (version.major < 7 || (version.major === 7 && version.minor < 2)) {
    throw new InvalidArgumentError("Nothing is known of versions before 7.2.");
  }
  return version;
}

/** What the unit of a profile's name has to have and does not. */
export function lackOf(name: string, { smts, flts }: Profile): string | undefined {
  if (name === "scalable" && !smts) return "its unit has no scalable mode (ECAP.SMTS)";
  return name === "first-stage" && !flts ? "its unit has no first stages (ECAP.FLTS)" : undefined;
}

/** What to run, and what is known of it. */
export interface Against {
  readonly target: TargetPlan;
  readonly known: Known;
}

/**
 * What `fuzz` is to run by its options.
 *
 * @throws InputError when they name nothing that can be; ProgramError when QEMU cannot be run.
 */
export async function targetOf(options: {
  readonly against: string;
  readonly profile: string;
  readonly qemu?: string;
  readonly without?: string;
  readonly deviations?: Version | "none";
}): Promise<Against> {
  const { deviations, without } = options;
  if (without !== undefined && !knownDeviations.some(({ id }) => id === without)) {
    throw new InputError(`--without ${without}: no known deviation has this name`);
  }
  const knownOf = (version: Version | undefined): Known => {
    const asked = deviations ?? version ?? "none";
    return asked === "none" ? nothingKnownOfQtest : knownIn(asked, without);
  };
  const [, command] = /^qtest:(.+)$/.exec(options.against) ?? [];
  if (command !== undefined) return { target: shellPlan(command), known: knownOf(undefined) };
  if (options.against !== "qemu") {
    throw new InputError(`--against ${options.against}: neither qemu nor qtest:COMMAND`);
  }
  const binary = await findQemu(options.qemu);
  if (options.profile === "first-stage" && binary.major < 10) {
    throw new InputError(`--profile first-stage: needs QEMU 10 or later, not ${binary.version}`);
  }
  const target = qemuPlan(binary, unitProfiles[options.profile] ?? "");
  return { target, known: knownOf(binary) };
}
