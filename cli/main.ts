import { watchOutput } from "./output.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

watchOutput(process);
process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
