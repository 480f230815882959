import type { Landing } from "../../cli/render/landing.ts";
import { landingText } from "../../cli/render/landing.ts";
import { rowName, walkRows } from "../../cli/render/walk-rows.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import { ContextEntry } from "../../events/context/context-entry.ts";
import { ExtendedContextEntry } from "../../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../../events/context/extended-pasid-entry.ts";
import { PasidDirectoryEntry, PasidEntry } from "../../events/context/pasid-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { decisiveStep } from "../../history/decisive.ts";
import { tellLifeline } from "../../history/lifeline/lifeline.ts";
import { lastWriter } from "../../history/memory-use/last-writer.ts";
import { askedOf, hostOf } from "../../history/question.ts";
import type { Long } from "../../history/timeline/bit-by-bit.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { entryBytes } from "../../hypervisor/translate/path-table.ts";
import type { Translation, TranslationStep } from "../../hypervisor/translate/three-answers.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { EntryView, PageAsked, WalkView, WayView } from "../protocol.ts";
import { fieldViews } from "./field-views.ts";
import { lifeViews } from "./life-views.ts";
import { AskedError, questionOf, usedPageOf } from "./page-asked.ts";

const legacy: Readonly<Record<TranslationStep["table"], AnyLayout>> = {
  root: RootEntry,
  context: ContextEntry,
  // Its words are alike, and each is read alone, as those of scalable mode.
  "extended root": ScalableRootEntry,
  "extended context": ExtendedContextEntry,
  "extended PASID entry": ExtendedPasidEntry,
  "PASID directory": PasidDirectoryEntry,
  "PASID entry": PasidEntry,
  "first stage": FirstStageEntry,
  "second stage": SecondStageEntry,
};
const scalable = { ...legacy, root: ScalableRootEntry, context: ScalableContextEntry };

function entryViews(
  timeline: Timeline,
  walk: Translation,
  asked: PageAsked,
  at: number,
): readonly EntryView[] {
  const question = questionOf(asked, at);
  const decisive = decisiveStep(walk, asked.access);
  return walkRows(walk, question.iova).map((row): EntryView => {
    const step = row.index === undefined ? undefined : walk.steps[row.index];
    const { address, entry: word, meaning, below } = row;
    const shown = { name: rowName(row).trim(), below, address, word, meaning };
    if (step === undefined) {
      return { ...shown, hpa: undefined, fields: [], writer: undefined, decides: false };
    }
    const layout = (walk.scalable ? scalable : legacy)[step.table];
    const length = entryBytes(step.table, walk.scalable);
    const place = { guest: asked.guest, gpa: step.address, length };
    return {
      ...shown,
      hpa: step.host === undefined ? undefined : hex(step.host),
      fields: step.host === undefined ? [] : fieldViews(layout, step.entry),
      writer: lastWriter(timeline, place, at),
      decides: row.index === decisive,
    };
  });
}

function way(landing: Landing): WayView {
  const address = "gpa" in landing ? landing.gpa : "hpa" in landing ? landing.hpa : undefined;
  return {
    text: landingText(landing).replaceAll(/\s+/g, " "),
    address: address === undefined ? undefined : hex(address),
    good: address !== undefined,
  };
}

function hostText(host: HostEntry | undefined): string {
  if (host === undefined) return "nothing yet";
  const where = host.shadow === undefined ? "" : `, shadow ${host.shadow.toString()}`;
  const stage = host.space === undefined ? "" : `, first stage ${host.space.toString()}`;
  return `${host.state}, domain ${host.did.toString()}${where}${stage}`;
}

/**
 * One address of one device three ways after an event, entry by entry, with the life of its page.
 *
 * @throws AskedError when it is no address, or no device.
 */
export function* walkView(timeline: Timeline, at: number, asked: PageAsked): Long<WalkView> {
  const world = worldAt(timeline, at);
  if (world?.guests[asked.guest] === undefined) throw new AskedError("there is no such moment");
  const question = questionOf(asked, at);
  const wanted = askedOf(question, asked.access);
  const walk = translate(world, asked.guest, question.device, question.iova, wanted);
  const leaf = walk.steps.at(-1);
  const last = leaf && {
    ...{ guest: asked.guest, gpa: leaf.address },
    length: entryBytes(leaf.table, walk.scalable),
  };
  return {
    at,
    asked: { ...asked, device: formatSourceId(question.device), iova: hex(question.iova) },
    host: hostText(hostOf(world, question)),
    guest: way(walk.guest),
    composed: way(walk.composed),
    shadow: way(walk.shadow),
    deviceTlb: walk.deviceTlb === undefined ? undefined : way(walk.deviceTlb).text,
    agree: walk.agree,
    pendingSince: walk.pending?.since,
    entries: entryViews(timeline, walk, asked, at),
    life: lifeViews(yield* tellLifeline(timeline, usedPageOf(asked)), (until) =>
      last === undefined ? undefined : lastWriter(timeline, last, until)?.seq,
    ),
  };
}
