import type { Command } from "commander";
import type { Request } from "../../history/explanation.ts";
import type { Search, Weigh } from "../../history/moment.ts";
import { askedOf, hostOf } from "../../history/question.ts";
import { regimeOf } from "../../history/regime.ts";
import { unseenOn } from "../../history/walk-path.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import { renderJson } from "../render/json.ts";
import { openHint } from "../render/open-hint.ts";
import type { WalkView } from "../render/walk.ts";
import { renderWalk, walkJson } from "../render/walk.ts";
import type { Run } from "../run.ts";
import { tellUnknown } from "./from-dump.ts";
import type { GivenLookup, LookupOptions } from "./lookup.ts";
import { checkDevice, checkRights, findMoment, pageOptions, withLookup } from "./lookup.ts";

/** A DMA that met the guest's tables; any other says nothing about them. */
const weigh: Weigh = (_use, _isExact, isOn) => (isOn ? 1 : 0);

/** Why this state is shown, or which other one to look at. */
function choiceText({ off, meeting }: Search): string | undefined {
  if (off === undefined) return undefined;
  if (meeting === undefined) {
    const at = off.before.toString();
    return `No DMA used this page while it was on; --at ${at} shows the state before.`;
  }
  const [since, dma] = [off.seq.toString(), meeting.use.seq.toString()];
  return (
    `At the end translation is off, since event ${since}. This is the state just before the\n` +
    `last DMA to this page while it was on, event ${dma}; --at shows any other.`
  );
}

async function show(run: Run, file: string, options: LookupOptions): Promise<void> {
  checkRights(options);
  const { setup, search, world: end, failure } = await findMoment(run, file, options, weigh);
  const { off } = search;
  const isChosen = options.at === undefined && off !== undefined;
  const meeting = isChosen ? search.meeting : undefined;
  const world = meeting?.world ?? end;
  checkDevice(file, world, options);
  const { device, guest, iova } = options;
  const access = options.access ?? meeting?.use.access ?? "read";
  const asked = askedOf(options, access, meeting?.use);
  const walk = translate(world, guest, device, iova, asked);
  const request: Request = { device, iova, access, asked };
  if (tellUnknown(run, setup, options, { walk, request })) {
    if (failure !== undefined) run.fail(failure);
    return;
  }
  const view: WalkView = {
    at: world.seq,
    request,
    walk,
    unseen: unseenOn(walk, world.guests[guest], meeting?.late ?? search.late),
    regime: regimeOf(world.guests[guest], walk),
    host: hostOf(world, options),
    offSince: off?.seq,
    choice: isChosen ? choiceText(search) : undefined,
  };
  const { terminal } = run;
  const hint = openHint(terminal, file, world.seq);
  terminal.out(options.json ? renderJson(walkJson(view)) : `${renderWalk(terminal, view)}${hint}`);
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
        "unannounced. The access is a read unless --access says otherwise. Without --at it shows " +
        "the end of the file; if translation is off there, the state that the last DMA to the " +
        "page met while it was on, and that DMA's access.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input");
  withLookup(command, "state after this event")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold translate recordings/linux-vfio-edu.jsonl.gz " +
        "--device 00:04.0 --iova 0x28325000 --at 1200",
    )
    .action((file: string, options: GivenLookup) => show(run, file, pageOptions(options)));
}
