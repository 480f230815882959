import { createServer } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import { parsePort } from "../argument.ts";
import { LogDebugSession } from "../dap/debug-session.ts";
import { InputError, systemReason } from "../input-error.ts";
import type { Run } from "../run.ts";

interface Options {
  readonly port?: number;
}

/** Talks with one editor until it leaves. Nothing but the protocol is written to `output`. */
export const talk = (run: Run, input: Readable, output: Writable): Promise<void> =>
  new Promise((resolve) => {
    const session = new LogDebugSession(run, resolve);
    session.start(input, output);
  });

/** Waits for one editor at a port of this machine, and talks with it. */
export async function serveOne(run: Run, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.once("connection", (socket) => {
        server.close();
        socket.on("error", () => socket.destroy());
        talk(run, socket, socket).then(() => {
          socket.end();
          resolve();
        }, reject);
      });
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        const at = typeof address === "object" ? (address?.port ?? port) : port;
        run.terminal.err(`waiting for an editor at 127.0.0.1:${at.toString()}\n`);
      });
    });
  } catch (error) {
    throw new InputError(`port ${port.toString()}: ${systemReason(error)}`);
  }
}

async function converse(run: Run, { port }: Options): Promise<void> {
  const { terminal } = run;
  // Standard output is the editor's; what there is to say goes where it shows what went wrong.
  const quiet = { ...run, terminal: { ...terminal, out: terminal.err, drawsProgress: false } };
  if (port !== undefined) {
    await serveOne(quiet, port);
    return;
  }
  await talk(quiet, process.stdin, process.stdout);
  process.stdin.pause();
}

/** Adds `dap`. */
export function addDap(program: Command, run: Run): void {
  program
    .command("dap")
    .summary("let an editor go through a log, by the Debug Adapter Protocol")
    .description(
      "Speaks the Debug Adapter Protocol on standard input and output, so that an editor can go " +
        "through a log in both directions. docs/debugging.md has what to configure in VS Code " +
        "and in Neovim.",
    )
    .option("--port <number>", "wait for one editor at a port of this machine", parsePort)
    .addHelpText("after", "\nExample of what an editor launches:\n  shadowfold dap")
    .action((options: Options) => converse(run, options));
}
