import { configurations } from "../explore/configurations.ts";
import { serveSearch } from "../explore/engine/serve.ts";
import { watchOutput } from "./output.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

// A search with threads runs this file in each of them.
if (!serveSearch(configurations)) {
  watchOutput(process);
  process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
}
