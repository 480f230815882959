import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

// A reader that has seen enough, as in `shadowfold log FILE | head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
