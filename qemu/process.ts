// Length: all that keeps a program from outliving this one is in one place.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** QEMU is missing, too old, cannot be used or died: why, in one line. */
export class QemuError extends Error {}

/** A QEMU that can be started. */
export interface QemuBinary {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** As `--version` gives it: `7.2.22`. */
  readonly version: string;
}

/** A program that runs: QEMU, or another that speaks qtest. */
export interface Running {
  readonly pid: number;
  /** A folder of its own for sockets and files, which goes with it. */
  readonly folder: string;
  /** The last telling line that it wrote to standard error, shortened; empty without any. */
  readonly lastLine: () => string;
  /** Whether it has ended. */
  readonly hasEnded: () => boolean;
  /** Fulfilled once it has ended, with how: `exit code 1`, `signal SIGSEGV`. */
  readonly ended: Promise<string>;
  /** Ends it and removes its folder; fulfilled when both are done. May be called twice. */
  readonly stop: () => Promise<void>;
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
  if (path !== undefined) throw new QemuError(`${path}: not a program that can be run`);
  throw new QemuError(`${programName} is not on PATH (--qemu names another place)`);
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
    child.on("error", (error) => reject(new QemuError(`${path}: ${error.message}`)));
    child.on("close", () => resolve(text));
  });
}

/**
 * Finds QEMU and asks its version.
 *
 * @param path  the program; the first `qemu-system-x86_64` on PATH when missing.
 * @throws QemuError when there is none, it says no version, or it is older than 7.2.
 */
export async function findQemu(path?: string): Promise<QemuBinary> {
  const found = locate(path);
  const said = /version (\d+)\.(\d+)(?:\.\d+)*/.exec(await outputOf(found, ["--version"]));
  if (said === null) throw new QemuError(`${found}: --version names no version of QEMU`);
  const version = said[0].slice("version ".length);
  const [major, minor] = [Number(said[1]), Number(said[2])];
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    const needed = `${oldest.major.toString()}.${oldest.minor.toString()}`;
    throw new QemuError(`${found}: QEMU ${version} is too old, ${needed} or later is needed`);
  }
  return { path: found, major, minor, version };
}

/** What must not outlive this process: one clean-up a program that runs. */
const cleanups = new Set<() => void>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const codes: Readonly<Record<string, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

const cleanAll = (): void => {
  for (const clean of cleanups) clean();
};
/** Somebody who wants to end by himself when asked to. */
let graceful: (() => void) | undefined;

/**
 * Lets `stop` be called by the first SIGINT or SIGTERM instead of ending everything; a second one
 * ends it.
 *
 * @returns what takes that back.
 */
export function holdInterrupt(stop: () => void): () => void {
  graceful = stop;
  return () => {
    graceful = undefined;
  };
}

const onSignal = (signal: NodeJS.Signals): void => {
  const stop = graceful;
  if (signal !== "SIGHUP" && stop !== undefined) {
    graceful = undefined;
    stop();
    return;
  }
  cleanAll();
  process.exit(codes[signal] ?? 1);
};

function keepClean(clean: () => void): void {
  if (cleanups.size === 0) {
    process.on("exit", cleanAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  cleanups.add(clean);
}

function forget(clean: () => void): void {
  cleanups.delete(clean);
  if (cleanups.size > 0) return;
  process.off("exit", cleanAll);
  for (const signal of signals) process.off(signal, onSignal);
}

const longestLine = 200;

/** What QEMU says of a machine in which nothing happens until it is asked to: no news. */
const isIdle = (line: string): boolean => line.endsWith("sleep disabled and no active timers");

/** Keeps the last line of what a program says, rather one that says that something failed. */
function lastLineOf(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    tail = (tail + chunk.toString("latin1")).slice(-16_384);
  });
  return () => {
    const lines = tail.split("\n").filter((line) => line.trim() !== "" && !isIdle(line));
    const grave = lines.filter((line) => /assert|fatal|error/i.test(line));
    return (grave.at(-1) ?? lines.at(-1) ?? "").trim().slice(0, longestLine);
  };
}

/** What a program is started with. */
export interface Start {
  /** How long it may live at most; it is killed then. */
  readonly seconds: number;
  /** Variables of the environment besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Ends a program and what it has started: it leads a group of processes of its own. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

/**
 * Starts a program in a folder of its own. Whatever becomes of this process (its end, SIGINT,
 * SIGTERM, SIGHUP, an error), the program is killed and the folder is removed.
 *
 * @param words  its arguments, given the folder's path.
 * @throws QemuError when it cannot be started.
 */
export async function startProgram(
  path: string,
  words: (folder: string) => readonly string[],
  { seconds, env = {} }: Start,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "shadowfold-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const child = spawn(path, words(folder), {
    stdio: ["ignore", "ignore", "pipe"],
    // A Ctrl-C at the terminal is for this process, which decides.
    detached: true,
    env: { ...process.env, ...env },
  });
  const lastLine = lastLineOf(child);
  let isOver = false;
  const kill = (): void => {
    if (!isOver) killGroup(child);
  };
  const clean = (): void => {
    kill();
    remove();
  };
  keepClean(clean);
  const limit = setTimeout(kill, seconds * 1000);
  limit.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      isOver = true;
      clearTimeout(limit);
      resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
  });
  const stop = async (): Promise<void> => {
    kill();
    if (child.pid !== undefined) await ended;
    remove();
    forget(clean);
  };
  try {
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
  } catch (error) {
    isOver = true;
    clearTimeout(limit);
    await stop().catch(() => undefined);
    throw new QemuError(`${path}: ${error instanceof Error ? error.message : "cannot be started"}`);
  }
  return { pid: child.pid ?? 0, folder, lastLine, hasEnded: () => isOver, ended, stop };
}

/** One line about a program that ended by itself. */
export function deathOf(name: string, running: Running, how: string): QemuError {
  // Whoever killed it did not ask what it had to say.
  const said = how.endsWith("SIGKILL") ? "" : running.lastLine();
  return new QemuError(`${name} ended (${how})${said === "" ? "" : `: ${said}`}`);
}
