import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { parseJson } from "../../events/json.ts";
import { shown } from "../fields.ts";
import type { Request } from "../implementation.ts";
import { deathOf, startProgram } from "../process.ts";
import { ProgramError } from "../program-error.ts";
import type { EndSignal } from "../target.ts";
import type { Connection } from "./connection.ts";
import { inOneLine, Misbehaviour, onAbort, silence, stopped } from "./connection.ts";

/** How long a program lives at most, in seconds. */
const lifetime = 4 * 3600;

/** Characters of a line at most. */
const longestLine = 1 << 24;

/** A value as JSON has it: numbers of 64 bits and bytes as hexadecimal digits. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** A request in one line. */
export function lineOf(id: number, request: Request): string {
  const fields: Record<string, unknown> = { id };
  for (const [name, value] of Object.entries(request)) fields[name] = plain(value);
  return `${JSON.stringify(fields)}\n`;
}

/** Requests whose answers somebody waits for. */
interface Waiting {
  readonly requests: readonly Request[];
  readonly patience: number;
  readonly first: number;
  readonly answers: unknown[];
  readonly resolve: (answers: readonly unknown[]) => void;
  readonly reject: (error: Misbehaviour) => void;
}

/** The answer in a line, without its id. @throws Misbehaviour for a line that is no such answer. */
function answerIn(line: string, { requests, first, answers }: Waiting): unknown {
  const index = answers.length;
  let value: unknown;
  try {
    value = parseJson(line);
  } catch {
    // Said below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Misbehaviour(`prints what is no JSON object: ${inOneLine(line)}`, index);
  }
  const { id, ...answer } = value as { readonly id?: unknown; readonly op?: unknown };
  if (id === first + index && answer.op === undefined) return answer;
  if (id !== undefined && answer.op === requests[index]?.op) {
    throw new Misbehaviour("prints the requests that it is sent instead of answers", index);
  }
  if (id === first + index) return answer;
  const due = `${(first + index).toString()} (${requests[index]?.op ?? ""})`;
  const which = id === undefined ? "without an id" : `request ${shown(id)}`;
  throw new Misbehaviour(`answers ${which} where ${due} is next`, index);
}

/** The lines to and from a program. */
interface Talk {
  readonly exchange: Connection["exchange"];
  /** Waits for nothing any more. */
  readonly end: () => void;
}

/** Sends requests and hears answers by a pair of pipes. */
function talkBy(input: Writable, output: Readable): Talk {
  let waiting: Waiting | undefined;
  let broken: string | undefined;
  let rest = "";
  let next = 1;
  let timer: NodeJS.Timeout | undefined;
  const settle = (error?: Misbehaviour): void => {
    clearTimeout(timer);
    const { resolve, reject, answers = [] } = waiting ?? {};
    waiting = undefined;
    if (error === undefined) resolve?.(answers);
    else reject?.(error);
  };
  const failWith = (error: Misbehaviour): void => {
    broken ??= error.message;
    settle(error);
  };
  const fail = (text: string): void =>
    failWith(new Misbehaviour(broken ?? text, waiting?.answers.length ?? 0));
  const watch = (): void => {
    clearTimeout(timer);
    if (waiting === undefined) return;
    const { patience, requests, answers } = waiting;
    const isLate = () => failWith(silence(patience, requests[answers.length], answers.length));
    timer = setTimeout(isLate, patience * 1000);
  };
  const hear = (line: string): void => {
    if (broken !== undefined || line.trim() === "") return;
    try {
      if (waiting === undefined) {
        throw new Misbehaviour(`prints what nobody asked for: ${inOneLine(line)}`, 0);
      }
      waiting.answers.push(answerIn(line, waiting));
      if (waiting.answers.length === waiting.requests.length) settle();
    } catch (error) {
      if (!(error instanceof Misbehaviour)) throw error;
      fail(error.message);
    }
  };
  output.setEncoding("utf8");
  output.on("data", (chunk: string) => {
    const before = waiting?.answers.length;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
    if (rest.length > longestLine) fail("prints a line without an end");
    // An answer breaks its silence; empty lines and parts of one do not.
    if (waiting?.answers.length !== before) watch();
  });
  output.on("close", () => fail("ended, or closed its standard output"));
  // What it does not read any more is told by its end.
  input.on("error", () => undefined);
  return {
    exchange: (requests, patience) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(new Misbehaviour(broken, 0));
        if (requests.length === 0) return resolve([]);
        waiting = { requests, patience, first: next, answers: [], resolve, reject };
        next += requests.length;
        const { first } = waiting;
        input.write(requests.map((request, index) => lineOf(first + index, request)).join(""));
        watch();
      }),
    end: () => fail(stopped),
  };
}

/**
 * Starts a program with a shell and talks to it by its standard input and output: one JSON object a
 * line each way, answers in the order of the requests.
 *
 * @param whenever  ends it at any time.
 * @throws ProgramError when it cannot be started.
 */
export async function connectStdio(command: string, whenever?: EndSignal): Promise<Connection> {
  const running = await startProgram("/bin/sh", () => ["-c", command], {
    seconds: lifetime,
    talks: true,
  });
  const { pipes } = running;
  if (pipes === undefined) throw new ProgramError("has no standard input and output");
  const { exchange, end } = talkBy(pipes.input, pipes.output);
  const stop = async (): Promise<void> => {
    release();
    end();
    await running.stop();
  };
  const release = onAbort(whenever, () => stop());
  return {
    exchange,
    explain: async (error) => {
      await Promise.race([running.ended, wait(100)]);
      if (!running.hasEnded()) return error;
      const index = error instanceof Misbehaviour ? error.index : 0;
      return new Misbehaviour(deathOf("", running, await running.ended).message.trim(), index);
    },
    stop,
  };
}
