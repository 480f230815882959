import type { Command } from "commander";
import { pageOf } from "../../events/address.ts";
import { momentOfDma, questionOfDma } from "../../history/query/moment-of-dma.ts";
import type { FoundMoment } from "../../history/query/why-in.ts";
import { explainIn, worldExplained } from "../../history/query/why-in.ts";
import { weighWhy } from "../../history/why.ts";
import {
  interruptHint,
  renderWhyInterrupt,
  whyInterruptJson,
} from "../render/interrupt-request.ts";
import { renderJson } from "../render/json.ts";
import { openHint } from "../render/open-hint.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import type { Run } from "../run.ts";
import { tellUnknown } from "./from-dump.ts";
import type { Found, GivenLookup, LookupOptions } from "./lookup.ts";
import { checkDevice, checkRights, findMoment, pageOptions, withLookup } from "./lookup.ts";

/** The DMA that `--at` names, where it is one to the page that is asked about. */
function meantBy({ timeline }: Found, { at, ...asked }: LookupOptions): FoundMoment | undefined {
  const dma = at === undefined ? undefined : questionOfDma(timeline, at);
  if (at === undefined || dma === undefined) return undefined;
  const isIt =
    dma.guest === asked.guest &&
    dma.device === asked.device &&
    dma.pasid === asked.pasid &&
    pageOf(dma.iova) === pageOf(asked.iova) &&
    (asked.access === undefined || asked.access === dma.access);
  return isIt ? momentOfDma(timeline, at) : undefined;
}

async function explain(run: Run, file: string, options: LookupOptions): Promise<void> {
  checkRights(options);
  const { terminal } = run;
  const found = await findMoment(run, file, options, weighWhy);
  const { setup, timeline, search, world: end, failure } = found;
  checkDevice(file, worldExplained({ search, end }), options);
  const told = explainIn(timeline, meantBy(found, options) ?? { search, end });
  if (told.kind === "dma" && tellUnknown(run, setup, options, told)) {
    if (failure !== undefined) run.fail(failure);
    return;
  }
  const hint = options.json ? "" : openHint(terminal, file, told.use?.seq ?? told.at);
  if (told.kind === "dma") {
    terminal.out(options.json ? renderJson(whyJson(told)) : renderWhy(terminal, told));
  } else if (options.json) {
    terminal.out(renderJson(whyInterruptJson(told)));
  } else {
    const more = interruptHint(file, options.guest, told);
    terminal.out(`${renderWhyInterrupt(terminal, told)}${more}`);
  }
  terminal.out(hint);
  if (failure !== undefined) run.fail(failure);
}

/** Adds `why FILE`. */
export function addWhy(program: Command, run: Run): void {
  const command = program
    .command("why")
    .summary("tell the chain of events behind a translation or a fault")
    .description(
      "Tells why a DMA to one page of one device went where it went, or was blocked: who " +
        "wrote each entry on the path of the walk, which invalidation announced it, which " +
        "fact put it into the shadow, which DMA used it; and the invalidation that just missed " +
        "it. Without --at it explains the last DMA to the page that went elsewhere than the " +
        "tables said, else the last to the address or its page that was blocked, else the last " +
        "one that landed.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input");
  withLookup(command, "explain the state after this event, or the DMA that it is")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold why recordings/linux-vfio-edu.jsonl.gz " +
        "--device 00:04.0 --iova 0x1806000",
    )
    .action((file: string, options: GivenLookup) => explain(run, file, pageOptions(options)));
}
