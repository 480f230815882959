import type { Command } from "commander";
import { pageOf } from "../../events/address.ts";
import { parseMsi } from "../../events/interrupt-request.ts";
import { translate } from "../../machines/translate.ts";
import type { Translation } from "../../machines/translation.ts";
import type { PathEntry } from "../../projections/provenance.ts";
import { followTrail, startTrail } from "../../projections/provenance.ts";
import type { Use, UsedPage } from "../../projections/use.ts";
import { useIn } from "../../projections/use.ts";
import type { World } from "../../projections/world.ts";
import { foldFile } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Plot } from "../render/plot.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";
import { checkDevice, withLookup } from "./lookup.ts";

/** The moment that is explained: a state, and the DMA that met it. */
interface Moment {
  readonly world: World;
  /** Number of the last event to look at. */
  readonly until: number;
  readonly use: Use | undefined;
  readonly iova: bigint;
  readonly failure: InputError | undefined;
}

/** How much a DMA to the page is worth explaining; of equals, the last one is. */
function weight(use: Use, isExact: boolean): number {
  if (use.blocked === undefined) return 1;
  return isExact ? 3 : 2;
}

/**
 * Finds the moment: the state after `--at`, else that met by the last DMA to the address that was
 * blocked, else by the last one blocked in its page, else by the last that landed, else the end.
 */
async function findMoment(run: Run, file: string, options: LookupOptions): Promise<Moment> {
  const { device, iova, guest, access } = options;
  const place: UsedPage = { guest, device, page: pageOf(iova) };
  let found: Omit<Moment, "failure"> | undefined;
  let best = 0;
  const folded = await foldFile(
    file,
    run.terminal,
    {
      step: (step) => {
        const use = useIn(place, step);
        if (use === undefined || (access !== undefined && use.access !== access)) return;
        const used = "iova" in step.input ? step.input.iova : iova;
        const worth = weight(use, used === iova);
        if (worth < best) return;
        best = worth;
        const until = step.seq + step.facts.length;
        found = { world: step.before, until, use, iova: used };
      },
    },
    options.at,
  );
  const { world, failure } = folded;
  if (options.at === undefined && found !== undefined) return { ...found, failure };
  return { world, until: world.seq, use: undefined, iova, failure };
}

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
  const { world, until, use, iova, failure } = await findMoment(run, file, options);
  checkDevice(file, world, options);
  const { guest, device } = options;
  const access = use?.access ?? options.access ?? "read";
  const walk = translate(world, guest, device, options.iova, access);
  let trail = startTrail({ guest, device, page: pageOf(options.iova), entries: pathOf(walk) });
  const step = (one: Parameters<typeof followTrail>[1]): void => {
    trail = followTrail(trail, one);
  };
  await foldFile(file, run.terminal, { step }, until);
  const plot: Plot = { at: world.seq, iova, access, use, walk, trail };
  run.terminal.out(options.json ? renderJson(whyJson(plot)) : renderWhy(run.terminal, plot));
  if (!options.json) run.terminal.out(interruptHint(file, options.iova));
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
