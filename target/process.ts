import { ProgramError } from "./program-error.ts";
// Length: all that keeps a program from outliving this one is in one place.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

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
  /** Its standard input and output, where it was started to be talked to. */
  readonly pipes: { readonly input: Writable; readonly output: Readable } | undefined;
  /** Ends it and removes its folder; fulfilled when both are done. May be called twice. */
  readonly stop: () => Promise<void>;
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

/** How many programs run, or want to end by themselves: those that signals matter to. */
let concerned = 0;

function listen(): void {
  concerned += 1;
  if (concerned > 1) return;
  process.on("exit", cleanAll);
  for (const signal of signals) process.on(signal, onSignal);
}

function stopListening(): void {
  concerned -= 1;
  if (concerned > 0) return;
  process.off("exit", cleanAll);
  for (const signal of signals) process.off(signal, onSignal);
}

/**
 * Lets `stop` be called by the first SIGINT or SIGTERM instead of ending everything; a second one
 * ends it.
 *
 * @returns what takes that back.
 */
export function holdInterrupt(stop: () => void): () => void {
  graceful = stop;
  listen();
  return () => {
    graceful = undefined;
    stopListening();
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
  cleanups.add(clean);
  listen();
}

function forget(clean: () => void): void {
  if (cleanups.delete(clean)) stopListening();
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
  /** Whether its standard input and output are to be had, as `pipes`. */
  readonly talks?: boolean;
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
 * @throws ProgramError when it cannot be started.
 */
export async function startProgram(
  path: string,
  words: (folder: string) => readonly string[],
  { seconds, talks = false }: Start,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "shadowfold-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const child = spawn(path, words(folder), {
    stdio: talks ? ["pipe", "pipe", "pipe"] : ["ignore", "ignore", "pipe"],
    // A Ctrl-C at the terminal is for this process, which decides.
    detached: true,
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
    throw new ProgramError(
      `${path}: ${error instanceof Error ? error.message : "cannot be started"}`,
    );
  }
  const { pid = 0, stdin, stdout } = child;
  const pipes = stdin && stdout ? { input: stdin, output: stdout } : undefined;
  return { pid, folder, lastLine, hasEnded: () => isOver, ended, pipes, stop };
}

/** One line about a program that ended by itself. */
export function deathOf(name: string, running: Running, how: string): ProgramError {
  // Whoever killed it did not ask what it had to say.
  const said = how.endsWith("SIGKILL") ? "" : running.lastLine();
  return new ProgramError(`${name} ended (${how})${said === "" ? "" : `: ${said}`}`);
}
