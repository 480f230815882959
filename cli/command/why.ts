import type { Command } from "commander";
import { pageOf } from "../../events/address.ts";
import { parseMsi } from "../../events/interrupt-request.ts";
import { translate } from "../../machines/translate.ts";
import type { Translation } from "../../machines/translation.ts";
import type { PathEntry, Place } from "../../projections/provenance.ts";
import { factsAbout, followTrail, startTrail } from "../../projections/provenance.ts";
import type { Step } from "../../projections/step.ts";
import type { PlaceFact } from "../../projections/use.ts";
import { foldFile } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Plot } from "../render/plot.ts";
import { regimeOf } from "../render/regime.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";
import { checkDevice, withLookup } from "./lookup.ts";
import type { Weigh } from "./moment.ts";
import { findMoment } from "./moment.ts";

/**
 * How much a DMA to the page is worth explaining: one to the address that was blocked, else one in
 * its page that was, else one that landed, and before that through the guest's tables.
 */
const weigh: Weigh = (use, isExact, isOn) => {
  if (use.blocked === undefined) return isOn ? 2 : 1;
  return isExact ? 4 : 3;
};

/** The entries that a walk reads. */
const pathOf = (walk: Translation): readonly PathEntry[] =>
  walk.steps.map(({ table, level, address }) => {
    return { table, level, address, words: table === "root" || table === "context" ? 2 : 1 };
  });

/** Where to read on when the address is one that interrupt requests are written to. */
function interruptHint(file: string, iova: bigint): string {
  if (iova >> 20n !== 0xfeen) return "";
  const { index } = parseMsi(iova, 0);
  const which = index === undefined ? "INDEX" : index.toString();
  return `\nA write there is an interrupt request: shadowfold interrupt ${file} --index ${which}\n`;
}

async function explain(run: Run, file: string, options: LookupOptions): Promise<void> {
  if (file === "-") throw new InputError("-: why reads its file twice; give it a name");
  const found = await findMoment(run, file, options, weigh);
  const meeting = options.at === undefined ? found.meeting : undefined;
  const { world, until, use, iova } = meeting ?? {
    world: found.world,
    until: found.world.seq,
    use: undefined,
    iova: options.iova,
  };
  checkDevice(file, world, options);
  const { guest, device } = options;
  const access = use?.access ?? options.access ?? "read";
  const walk = translate(world, guest, device, options.iova, access);
  const place: Place = { guest, device, page: pageOf(options.iova), entries: pathOf(walk) };
  const facts: PlaceFact[] = [];
  let trail = startTrail(place);
  const step = (one: Step): void => {
    trail = followTrail(trail, one);
    facts.push(...factsAbout(place, one));
  };
  await foldFile(file, run.terminal, { step }, until);
  const regime = regimeOf(world.guests[guest], walk);
  const off = meeting === undefined ? found.off : undefined;
  const plot: Plot = { at: world.seq, iova, access, use, walk, trail, facts, regime, off };
  run.terminal.out(options.json ? renderJson(whyJson(plot)) : renderWhy(run.terminal, plot));
  if (!options.json) run.terminal.out(interruptHint(file, options.iova));
  if (found.failure !== undefined) run.fail(found.failure);
}

/** Adds `why FILE`. */
export function addWhy(program: Command, run: Run): void {
  const command = program
    .command("why")
    .summary("tell the chain of events behind a translation or a fault")
    .description(
      "Tells why a DMA to one page of one device went where it went, or was blocked: who " +
        "wrote each entry on the path of the walk, which invalidation announced it, which " +
        "fact put it into the shadow, which DMA used it. Without --at it explains the last " +
        "DMA to the address or its page that was blocked, else the last one that landed.",
    )
    .argument("<file>", "log or recording, gzipped or not");
  withLookup(command, "explain the state after this event instead")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold why recordings/linux-vfio-edu.jsonl.gz " +
        "--device 00:04.0 --iova 0x1806000",
    )
    .action((file: string, options: LookupOptions) => explain(run, file, options));
}
