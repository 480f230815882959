import type { Command } from "commander";
import type { Run } from "../run.ts";
import type { PageOptions } from "./debug-page.ts";
import { debugInPage, withPageOptions } from "./debug-page.ts";

/** Adds `debug FILE`. */
export function addDebug(program: Command, run: Run): void {
  const command = program
    .command("debug")
    .summary("go through a log in a browser, in both directions")
    .description(
      "Serves the debugger's page with a log on this machine alone, prints its address, and ends " +
        "with Ctrl-C. The address has a token in it; requests of other pages are refused, and " +
        "the page fetches nothing from elsewhere. Everything is folded in the browser.",
    )
    .argument("<file>", "log or recording, gzipped or not");
  withPageOptions(command)
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold debug recordings/linux-vfio-edu.jsonl.gz\n\n" +
        "docs/debugger.md tells what the page shows.",
    )
    .action((file: string, options: PageOptions) => debugInPage(run, file, options));
}
