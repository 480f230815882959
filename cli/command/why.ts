import type { Command } from "commander";
import { pageOf } from "../../events/address.ts";
import type { PathEntry, Place } from "../../history/path-entry.ts";
import { factsAbout, followTrail, startTrail } from "../../history/provenance.ts";
import type { Step } from "../../history/step.ts";
import type { PlaceFact } from "../../history/use.ts";
import { isInterrupt } from "../../hypervisor/device/dma.ts";
import type { PathTable } from "../../hypervisor/translate/path-table.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import { tablesOf } from "../../projections/context/context-table.ts";
import { foldFile } from "../folding.ts";
import { InputError } from "../input-error.ts";
import type { InterruptTale } from "../render/interrupt-request.ts";
import {
  interruptHint,
  renderWhyInterrupt,
  whyInterruptJson,
} from "../render/interrupt-request.ts";
import { renderJson } from "../render/json.ts";
import type { Plot } from "../render/plot.ts";
import { regimeOf } from "../render/regime.ts";
import type { Request } from "../render/request.ts";
import { pagesOfSteps } from "../render/walk-rows.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";
import { askedOf, checkDevice, checkRights, hostOf, withLookup } from "./lookup.ts";
import type { Found, Weigh } from "./moment.ts";
import { findMoment } from "./moment.ts";

/**
 * How much a DMA to the page is worth explaining: one to the address that was blocked, else one in
 * its page that was, else one that landed, and before that through the guest's tables. An interrupt
 * request to another address is another interrupt.
 */
const weigh: Weigh = (use, isExact, isOn) => {
  if (use.interrupt !== undefined) {
    if (!isExact) return 0;
    return use.interrupt.outcome?.type === "InterruptBlocked" ? 6 : 5;
  }
  if (use.blocked === undefined) return isOn ? 2 : 1;
  return isExact ? 4 : 3;
};

/** Words of 64 bits in the entries of each table; of root and context entries, in each mode. */
const wordsOf = (table: PathTable, scalable: boolean): number => {
  const entry = tablesOf(scalable).find(({ name }) => name === table);
  return entry === undefined ? 1 : entry.length / 2;
};

/** The entries that a walk reads. */
function pathOf(walk: Translation, iova: bigint): readonly PathEntry[] {
  const pages = pagesOfSteps(walk, iova);
  return walk.steps.map(({ table, level, address }, index) => {
    const page = pages[index] ?? pageOf(iova);
    return { table, level, address, words: wordsOf(table, walk.scalable), page };
  });
}

/** Tells of an interrupt request, which meets no table of second-stage translation. */
function explainInterrupt(run: Run, file: string, options: LookupOptions, found: Found): void {
  const { guest, device, iova } = options;
  const meeting = options.at === undefined ? found.meeting : undefined;
  const world = meeting?.world ?? found.world;
  checkDevice(file, world, options);
  const isOn = world.guests[guest]?.charts.remapping === "enabled";
  const tale: InterruptTale = { at: world.seq, device, iova, use: meeting?.use, isOn };
  const { terminal } = run;
  if (options.json) terminal.out(renderJson(whyInterruptJson(tale)));
  else terminal.out(`${renderWhyInterrupt(terminal, tale)}${interruptHint(file, guest, tale)}`);
  if (found.failure !== undefined) run.fail(found.failure);
}

/** Whether it is an interrupt request that is to be explained: a read of the range is a DMA. */
function isRequest({ at, access, iova, pasid }: LookupOptions, { meeting }: Found): boolean {
  if (!isInterrupt(iova) || access === "read" || pasid !== undefined) return false;
  return at !== undefined || meeting === undefined || meeting.use.interrupt !== undefined;
}

async function explain(run: Run, file: string, options: LookupOptions): Promise<void> {
  if (file === "-") throw new InputError("-: why reads its file twice; give it a name");
  checkRights(options);
  const found = await findMoment(run, file, options, weigh);
  if (isRequest(options, found)) {
    explainInterrupt(run, file, options, found);
    return;
  }
  const meeting = options.at === undefined ? found.meeting : undefined;
  const { world, until, use, iova } = meeting ?? {
    world: found.world,
    until: found.world.seq,
    use: undefined,
    iova: options.iova,
  };
  checkDevice(file, world, options);
  const { guest: index, device, pasid } = options;
  const guest = world.guests[index];
  const access = use?.access ?? options.access ?? "read";
  const asked = askedOf(options, access, use);
  const walk = translate(world, index, device, iova, asked);
  const entries = pathOf(walk, iova);
  const place: Place = { guest: index, device, page: pageOf(iova), pasid, entries };
  const facts: PlaceFact[] = [];
  let trail = startTrail(place);
  const step = (one: Step): void => {
    trail = followTrail(trail, one);
    facts.push(...factsAbout(place, one));
  };
  await foldFile(file, run.terminal, { step }, until);
  const regime = regimeOf(guest, walk);
  const off = meeting === undefined ? found.off : undefined;
  const request: Request = { device, iova, access, asked };
  const told = { use, walk, trail, facts, regime, off };
  const { profile } = guest ?? {};
  const plot: Plot = { at: world.seq, request, ...told, profile, host: hostOf(world, options) };
  run.terminal.out(options.json ? renderJson(whyJson(plot)) : renderWhy(run.terminal, plot));
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
