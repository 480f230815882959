import type { Command } from "commander";
import { guideText } from "../guide-text.ts";
import type { Run } from "../run.ts";

/** Adds `guide`. */
export function addGuide(program: Command, run: Run): void {
  program
    .command("guide")
    .summary("print the one page that says how to drive this from a script")
    .description("Prints the one page that says how to drive this program from a script.")
    .action(() => run.terminal.out(guideText()));
}
