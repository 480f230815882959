import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ProgramError } from "../target/program-error.ts";

/** A QEMU that can be started. */
export interface QemuBinary {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** As `--version` gives it: `7.2.22`. */
  readonly version: string;
  /** What its `intel-iommu` can be given, by the names that it has for it. */
  readonly properties: ReadonlySet<string>;
}

const programName = "qemu-system-x86_64";
const oldest = { major: 7, minor: 2 } as const;
const versionSeconds = 10;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where a QEMU is: a path that was given, or the first program of that name on PATH. */
function locate(path: string | undefined): string {
  if (path !== undefined && isProgram(path)) return path;
  const name = path ?? programName;
  const folders = name.includes("/") ? [] : (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((each) => join(each, name)).find(isProgram);
  if (found !== undefined) return found;
  if (path !== undefined) throw new ProgramError(`${path}: not a program that can be run`);
  throw new ProgramError(`${programName} is not on PATH (--qemu names another place)`);
}

/** What a program prints within some seconds. */
function outputOf(path: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, words, {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: versionSeconds * 1000,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    child.on("error", (error) => reject(new ProgramError(`${path}: ${error.message}`)));
    child.on("close", () => resolve(text));
  });
}

/** The properties of QEMU's unit, by what its own help says. @throws ProgramError for no unit. */
async function propertiesOf(path: string): Promise<ReadonlySet<string>> {
  const help = await outputOf(path, ["-device", "intel-iommu,help"]);
  const names = [...help.matchAll(/^ {2}([\w-]+)=/gm)].map(([, name = ""]) => name);
  if (names.includes("intremap")) return new Set(names);
  throw new ProgramError(
    `${path}: -device intel-iommu,help names no property: it has no such unit`,
  );
}

/**
 * Finds QEMU, and asks its version and what its unit can be given.
 *
 * @param path  the program; the first `qemu-system-x86_64` on PATH when missing.
 * @throws ProgramError when there is none, it says no version, it is older than 7.2, or it has no
 *   `intel-iommu`.
 */
export async function findQemu(path?: string): Promise<QemuBinary> {
  const found = locate(path);
  const said = /version (\d+)\.(\d+)(?:\.\d+)*/.exec(await outputOf(found, ["--version"]));
  if (said === null) throw new ProgramError(`${found}: --version names no version of QEMU`);
  const version = said[0].slice("version ".length);
  const [major, minor] = [Number(said[1]), Number(said[2])];
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    const needed = `${oldest.major.toString()}.${oldest.minor.toString()}`;
    throw new ProgramError(`${found}: QEMU ${version} is too old, ${needed} or later is needed`);
  }
  return { path: found, major, minor, version, properties: await propertiesOf(found) };
}
