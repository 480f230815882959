import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Request } from "../implementation.ts";
import { protocolVersion } from "../implementation.ts";
import { ProgramError } from "../program-error.ts";
import type { EndSignal } from "../target.ts";
import type { Connection } from "./connection.ts";
import { inOneLine, Misbehaviour, onAbort, silence, stopped } from "./connection.ts";
import { host } from "./module-host.ts";

interface Said {
  readonly ready?: true;
  readonly failed?: string;
  readonly answers?: readonly unknown[];
}

interface Waiting {
  readonly done: (said: Said) => void;
  readonly fail: (error: Misbehaviour) => void;
}

/** Where a module is, and which of its exports makes the target: the default, or the first one. */
interface Place {
  readonly path: string;
  readonly name: string;
}

/** Reads `PATH` or `PATH#NAME`. */
export function placeOf(text: string): Place {
  const [, path = text, name = ""] = /^(.*)#([\w$]+)$/.exec(text) ?? [];
  return { path: resolve(path), name };
}

/** @throws ProgramError for what is no file. */
function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new ProgramError("no such file");
  if (found.isDirectory()) throw new ProgramError("is a directory, not a module");
}

/** What a module's failure to load means: TypeScript is known to some versions of Node alone. */
function failureText(failed: string, path: string): string {
  if (!/^Unknown file extension "\.[mc]?tsx?"/.test(failed)) return inOneLine(failed);
  const file = basename(path);
  const bundle = `npx esbuild ${file} --bundle --platform=node --format=esm --outfile=${file}.mjs`;
  return `Node ${process.versions.node} loads no TypeScript: bundle it (${bundle})`;
}

/** A thread that is talked to. */
interface Talk {
  /** Sends requests, none of them when it is to load, and waits for what it says. */
  readonly turn: (requests: readonly Request[], patience: number) => Promise<Said>;
  /** Waits for nothing any more. */
  readonly fail: (text: string) => void;
}

/**
 * Hears what a thread says.
 *
 * @param at  where it notes which request it is about.
 */
function talkTo(worker: Worker, at: Int32Array, path: string): Talk {
  let waiting: Waiting | undefined;
  let broken: string | undefined;
  const failWith = (error: Misbehaviour): void => {
    broken ??= error.message;
    waiting?.fail(error);
    waiting = undefined;
  };
  const fail = (text: string): void =>
    failWith(new Misbehaviour(broken ?? text, Atomics.load(at, 0)));
  worker.on("message", (said: Said) => {
    if (said.failed !== undefined) fail(failureText(said.failed, path));
    waiting?.done(said);
    waiting = undefined;
  });
  worker.on("error", (error) => {
    fail(`ended: ${inOneLine(error instanceof Error ? error.message : String(error))}`);
  });
  worker.on("exit", (code) => fail(`ended (exit code ${code.toString()})`));
  const turn = (requests: readonly Request[], patience: number): Promise<Said> =>
    new Promise((done, reject) => {
      if (broken !== undefined) return reject(new Misbehaviour(broken, 0));
      let seen = -1;
      // It is silent if it is still about the same request.
      const timer = setInterval(() => {
        const now = Atomics.load(at, 0);
        if (now === seen) failWith(silence(patience, requests[now], now));
        seen = now;
      }, patience * 1000);
      waiting = {
        done: (said) => {
          clearInterval(timer);
          done(said);
        },
        fail: (error) => {
          clearInterval(timer);
          reject(error);
        },
      };
      Atomics.store(at, 0, 0);
      if (requests.length > 0) worker.postMessage(requests);
    });
  return { turn, fail };
}

/**
 * Loads a module into a thread of its own, where nothing that it does can hold up this one.
 *
 * @param patience  seconds that it may take to load.
 * @param end       ends it, also while it loads.
 * @throws ProgramError when it cannot be loaded.
 */
export async function connectModule(
  { path, name }: Place,
  patience: number,
  end?: EndSignal,
): Promise<Connection> {
  checkFile(path);
  const index = new SharedArrayBuffer(4);
  const url = pathToFileURL(path).href;
  const worker = new Worker(host, {
    ...{ eval: true, stdout: true, stderr: true, execArgv: [] },
    workerData: { url, name, version: protocolVersion, index },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const { turn, fail } = talkTo(worker, new Int32Array(index), path);
  const stop = async (): Promise<void> => {
    release();
    fail(stopped);
    await worker.terminate();
  };
  const release = onAbort(end, () => stop());
  try {
    await turn([], patience);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    exchange: async (requests, seconds) =>
      requests.length === 0 ? [] : ((await turn(requests, seconds)).answers ?? []),
    explain: async (error) => error,
    stop,
  };
}
