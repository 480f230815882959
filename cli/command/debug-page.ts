import { basename } from "node:path";
import type { Command } from "commander";
import { parsePort } from "../argument.ts";
import { debuggerPage } from "../debugger-page.ts";
import type { PageServer } from "../debugger-server.ts";
import { servePage } from "../debugger-server.ts";
import { lastingToken } from "../debugger-token.ts";
import { InputError, systemReason } from "../input-error.ts";
import { openSource } from "../read.ts";
import type { Run } from "../run.ts";

/** Where the page is served. */
export interface PageOptions {
  readonly host: string;
  readonly port: number;
  /** The event that the address leads to; the whole run when missing. */
  readonly at?: number;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Resolves when somebody ends the program. */
function untilEnded(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const name of signals) process.off(name, end);
      resolve();
    };
    for (const name of signals) process.on(name, end);
  });
}

async function started(file: string, { host, port }: PageOptions): Promise<PageServer> {
  const page = debuggerPage();
  try {
    const token = port === 0 ? undefined : lastingToken(file, host, port);
    const again = token === undefined ? {} : { token };
    return await servePage({ page, file, name: basename(file), host, port, ...again });
  } catch (error) {
    throw new InputError(`${host}:${port.toString()}: ${systemReason(error)}`);
  }
}

/** Serves a file to a browser until somebody ends the program. */
export async function debugInPage(run: Run, file: string, options: PageOptions): Promise<void> {
  if (file === "-") throw new InputError("debug needs a file that it can read again, not a pipe");
  const { close } = await openSource(file);
  await close();
  const server = await started(file, options);
  const moment = options.at === undefined ? "" : `#event=${options.at.toString()}`;
  run.terminal.out(`${server.address}${moment}\n`);
  if (run.terminal.drawsProgress) run.terminal.err("Ctrl-C ends it.\n");
  await untilEnded();
  await server.close();
}

/** Adds the options that say where the page is served. */
export const withPageOptions = (command: Command): Command =>
  command
    .option("--host <address>", "listen on another address, for others to see", "127.0.0.1")
    .option(
      "--port <number>",
      "listen on this port, not any that is free; the address is the same each time",
      parsePort,
      0,
    );
