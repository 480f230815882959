import { basename } from "node:path";
import type { Command } from "commander";
import { parseNumber } from "../argument.ts";
import { debuggerPage } from "../debugger-page.ts";
import type { PageServer } from "../debugger-server.ts";
import { servePage } from "../debugger-server.ts";
import { InputError, systemReason } from "../input-error.ts";
import { openSource } from "../read.ts";
import type { Run } from "../run.ts";

interface Options {
  readonly host: string;
  readonly port: number;
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

async function started(file: string, { host, port }: Options): Promise<PageServer> {
  const page = debuggerPage();
  try {
    return await servePage({ page, file, name: basename(file), host, port });
  } catch (error) {
    throw new InputError(`${host}:${port.toString()}: ${systemReason(error)}`);
  }
}

async function debug(run: Run, file: string, options: Options): Promise<void> {
  if (file === "-") throw new InputError("debug needs a file that it can read again, not a pipe");
  const { close } = await openSource(file);
  await close();
  const server = await started(file, options);
  run.terminal.out(`${server.address}\n`);
  if (run.terminal.drawsProgress) run.terminal.err("Ctrl-C ends it.\n");
  await untilEnded();
  await server.close();
}

/** Adds `debug FILE`. */
export function addDebug(program: Command, run: Run): void {
  program
    .command("debug")
    .summary("go through a log in a browser, in both directions")
    .description(
      "Serves the debugger's page with a log on this machine alone, prints its address, and ends " +
        "with Ctrl-C. The address has a token in it; requests of other pages are refused, and " +
        "the page fetches nothing from elsewhere. Everything is folded in the browser.",
    )
    .argument("<file>", "log or recording, gzipped or not")
    .option("--host <address>", "listen on another address, for others to see", "127.0.0.1")
    .option("--port <number>", "listen on this port, not any that is free", parseNumber, 0)
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold debug recordings/linux-vfio-edu.jsonl.gz\n\n" +
        "docs/debugger.md tells what the page shows.",
    )
    .action((file: string, options: Options) => debug(run, file, options));
}
