import type { Command } from "commander";
import { translate } from "../../machines/translate.ts";
import { foldFile } from "../folding.ts";
import { renderJson } from "../render/json.ts";
import { renderWalk, walkJson } from "../render/walk.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";
import { checkDevice, withLookup } from "./lookup.ts";

async function show(run: Run, file: string, options: LookupOptions): Promise<void> {
  const { world, failure } = await foldFile(file, run.terminal, {}, options.at);
  checkDevice(file, world, options);
  const access = options.access ?? "read";
  const walk = translate(world, options.guest, options.device, options.iova, access);
  const { out } = run.terminal;
  out(
    options.json
      ? renderJson(walkJson(world.seq, walk))
      : renderWalk(run.terminal, world.seq, walk),
  );
  if (failure !== undefined) run.fail(failure);
}

/** Adds `translate FILE`. */
export function addTranslate(program: Command, run: Run): void {
  const command = program
    .command("translate")
    .summary("walk the tables for one address, all ways")
    .description(
      "Walks the guest's tables entry by entry for one address of one device, then the P2M, and " +
        "shows beside it what the shadow answers and whether a change on the path is still " +
        "unannounced. The access is a read unless --access says otherwise.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input");
  withLookup(command, "state after this event; the end when missing")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold translate recordings/linux-vfio-edu.jsonl.gz " +
        "--device 00:04.0 --iova 0x28325000 --at 1200",
    )
    .action((file: string, options: LookupOptions) => show(run, file, options));
}
