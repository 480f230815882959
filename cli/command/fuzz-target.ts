import { InvalidArgumentError } from "commander";
import type { Version } from "../../qemu/deviation/known.ts";
import type { Known } from "../../qemu/deviation/known-in.ts";
import { knownIn, nothingKnown } from "../../qemu/deviation/known-in.ts";
import { unitProfiles } from "../../qemu/fuzz/profiles.ts";
import type { TargetPlan } from "../../qemu/fuzz/target.ts";
import { qemuPlan, shellPlan } from "../../qemu/fuzz/target.ts";
import { findQemu } from "../../qemu/process.ts";
import { InputError } from "../input-error.ts";

/** A version of QEMU, or `none`. */
export function parseVersion(text: string): Version | "none" {
  if (text === "none") return text;
  const [, major, minor = "0"] = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d+)?$/.exec(text) ?? [];
  if (major === undefined) throw new InvalidArgumentError("Expected a version like 10.0, or none.");
  return { major: Number(major), minor: Number(minor) };
}

/** What to run, and what is known of it. */
export interface Against {
  readonly target: TargetPlan;
  readonly known: Known;
}

/**
 * What `fuzz` is to run by its options.
 *
 * @throws InputError when they name nothing that can be; QemuError when QEMU cannot be run.
 */
export async function targetOf(options: {
  readonly against: string;
  readonly profile: string;
  readonly qemu?: string;
  readonly without?: string;
  readonly deviations?: Version | "none";
}): Promise<Against> {
  const { deviations, without } = options;
  const knownOf = (version: Version | undefined): Known => {
    const asked = deviations ?? version ?? "none";
    return asked === "none" ? nothingKnown : knownIn(asked, without);
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
