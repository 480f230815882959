import { parseJson } from "../../events/json.ts";
import { ProgramError } from "../../target/program-error.ts";
import { connectTo } from "./client.ts";

/** QEMU's monitor, as far as it is needed. */
export interface Monitor {
  /** Resets the machine; fulfilled once that is done. */
  readonly reset: () => Promise<void>;
  readonly close: () => void;
}

/** What QMP sends, one JSON object a line: its greeting, an answer, an error or an event. */
interface Message {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class?: string; readonly desc?: string };
  readonly event?: string;
}

/** A message that somebody waits for. */
interface Awaited {
  readonly matches: (message: Message) => boolean;
  readonly done: (error?: ProgramError) => void;
}

const patienceSeconds = 20;

/** @throws ProgramError for a line that is no JSON object. */
function messageOf(line: string): Message {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch {
    // Said below.
  }
  if (typeof value === "object" && value !== null) return value;
  throw new ProgramError(`the monitor does not speak QMP: ${line.slice(0, 60)}`);
}

/** Connects to a QMP socket. @throws ProgramError when it ends, refuses or does not answer. */
export async function connectMonitor(path: string, isOver: () => boolean): Promise<Monitor> {
  const socket = await connectTo(path, isOver);
  socket.setEncoding("utf8");
  let rest = "";
  let awaited: Awaited | undefined;
  const settle = (error?: ProgramError): void => {
    const { done } = awaited ?? {};
    awaited = undefined;
    done?.(error);
  };
  const hear = (line: string): void => {
    try {
      const message = messageOf(line);
      if (message.error !== undefined) settle(new ProgramError(`refuses: ${message.error.desc}`));
      else if (awaited?.matches(message) === true) settle();
    } catch (error) {
      if (error instanceof ProgramError) settle(error);
      else throw error;
    }
  };
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") hear(line);
  });
  socket.on("error", (error) => settle(new ProgramError(error.message)));
  socket.on("close", () => settle(new ProgramError("the monitor's connection ended")));
  const until = (matches: Awaited["matches"], command?: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        settle(new ProgramError("the monitor does not answer"));
      }, patienceSeconds * 1000);
      const done = (error?: ProgramError): void => {
        clearTimeout(limit);
        if (error === undefined) resolve();
        else reject(error);
      };
      awaited = { matches, done };
      if (socket.destroyed) settle(new ProgramError("the monitor's connection ended"));
      else if (command !== undefined) socket.write(`${JSON.stringify({ execute: command })}\n`);
    });
  await until((message) => "QMP" in message);
  await until((message) => "return" in message, "qmp_capabilities");
  return {
    reset: () => until(({ event }) => event === "RESET", "system_reset"),
    close: () => socket.destroy(),
  };
}
