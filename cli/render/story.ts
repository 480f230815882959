import { formatSourceId, hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { mapsNothing } from "../../history/decisive.ts";
import type { EntryWrite } from "../../history/entry-write.ts";
import type { EntryTrail } from "../../history/provenance.ts";
import type { Unseen } from "../../history/unseen.ts";
import type { PathTable } from "../../hypervisor/translate/path-table.ts";
import { reportText, shadowSentences, useSentences } from "./aftermath.ts";
import { announcedText, missText } from "./announcement-text.ts";
import { extendedSentences } from "./extended-fault.ts";
import { landingText } from "./landing.ts";
import { lastIndex, lastWrite } from "./last-write.ts";
import type { EntryPlace } from "./meaning.ts";
import { entryText, meaning, verbPhrase } from "./meaning.ts";
import { invalidSentences } from "./pasid-fault.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { regimeSentences } from "./regime.ts";
import { isByMemory, rememberedSentences } from "./remembered.ts";
import { requestText, ridPasidOf } from "./request.ts";
import { earlySentences, unseenConclusion, unseenSentences } from "./unseen.ts";
import { entryName, placeOf } from "./walk-rows.ts";

const writerNames: Readonly<Record<EntryWrite["by"], string>> = {
  cpu: "the guest's CPU",
  flush: "the guest's CPU (seen once it was flushed)",
  buffer: "the guest's CPU (seen once the write buffer was flushed)",
  early: "the guest's CPU (seen before it was flushed)",
  device: "a device's DMA",
  unit: "the vIOMMU itself",
  host: "a change of the P2M",
};

/** What the unit did to an entry itself, after it was written. */
function marksText(marks: readonly EntryWrite[]): string {
  const last = marks.at(-1);
  if (last === undefined) return "";
  return ` Its accessed and dirty bits are the vIOMMU's, last set at ${eventName(last.seq)}.`;
}

/** How an entry came to be as the unit sees it. */
function history(trail: EntryTrail, scalable: boolean, unseen: Unseen | undefined): string {
  const { entry, writes } = trail;
  const isFirst = entry.table === "first stage";
  const index = lastIndex(trail);
  const last = writes[index];
  const marks = isFirst ? marksText(writes.slice(index + 1)) : "";
  if (last === undefined) {
    const none =
      unseen === undefined
        ? "Nobody has written it so far."
        : "Nothing written to it has been seen.";
    return `${none}${marks}`;
  }
  const by = writerNames[last.by];
  const told = announcedText(last, isFirst, scalable);
  const text = `It was written by ${by} at ${eventName(last.seq)}, ${told}`;
  const nearly = missText(writes);
  const open = writes.slice(0, index).findLast((one) => one.needed && !one.announced);
  const stale =
    last.needed || open === undefined
      ? ""
      : ` The change before, at ${eventName(open.seq)}, had to be announced and was not.`;
  if (last.from === 0n) return `${text}; until then it was 0.${stale}${nearly}${marks}`;
  const place: EntryPlace = { ...entry, scalable };
  const old = `${entryText(place, last.from)}: ${meaning(place, last.from)}`;
  return `${text}; until then it was ${old}.${stale}${nearly}${marks}`;
}

/** What would become of a DMA: where both the guest and the host let it. */
function prospect({ walk }: Plot): string {
  const { guest, composed, agree, shadow } = walk;
  if ("refused" in shadow) {
    return "would be blocked: the host refuses the device, and the guest would see no fault";
  }
  const other = agree ? "" : `; the host says otherwise: ${landingText(shadow)}`;
  if ("fault" in guest) return `would be blocked: ${faultText(guest.fault)}${other}`;
  if ("hpa" in composed) {
    const inGuest = `in the guest's memory at ${hex(guest.gpa)}`;
    return `would land ${inGuest}, in the host's at ${hex(composed.hpa)}${other}`;
  }
  const place = `the host grants no memory at guest address ${hex(guest.gpa)}`;
  return `would be blocked: ${place}, and the guest would see no fault${other}`;
}

function headline(plot: Plot): string {
  const { use, request, walk, at } = plot;
  const what = requestText(request, walk);
  if (use === undefined) return `After ${eventName(at)} a ${what} ${prospect(plot)}.`;
  if (use.blocked === undefined) {
    const { gpa, hpa } = use.landed ?? {};
    const where = gpa === undefined ? "" : ` in the guest's memory at ${hex(gpa)}`;
    const host = hpa === undefined ? "" : `, in the host's at ${hex(hpa)}`;
    return `The ${what} at ${eventName(use.seq)} landed${where}${host}.`;
  }
  const { reason, host } = use.blocked;
  const hosts = `${host ?? "refused"}: the host's doing, the guest sees no fault`;
  const why = reason === undefined ? hosts : faultText(reason);
  return `The ${what} at ${eventName(use.seq)} was blocked: ${why}.`;
}

/** The point of a story about a page that no DMA reaches. */
function conclusion(plot: Plot): string[] {
  const { decisive: index } = plot;
  const step = plot.walk.steps[index];
  const last = lastWrite(plot.trail.entries[index]);
  const { use, walk } = plot;
  if (isByMemory(plot)) return [];
  if (step?.host === undefined || step.level === undefined || !("fault" in walk.guest)) return [];
  const isFirst = step.table === "first stage";
  const nothing = mapsNothing(step);
  if (last === undefined && nothing) {
    return ["In short: the guest has never mapped this page."];
  }
  if (use?.blocked?.reason === undefined) return [];
  if (!nothing && !isFirst) {
    const allowed = SecondStageEntry.decode(step.entry).r ? "reading" : "writing";
    const tried = use.access === "read" ? "read" : "write";
    return [
      `In short: the guest mapped this page for ${allowed} alone; the device tried to ${tried}.`,
    ];
  }
  if (last === undefined || !nothing) return [];
  const what = step.below ? "what its first stage needs" : "this page";
  const unmapped = `the guest unmapped ${what} at ${eventName(last.seq)}`;
  return [`In short: ${unmapped}, and the device still used it at ${eventName(use.seq)}.`];
}

/** The entries before the one that decides, in one sentence; without those of a stage below. */
function upperSentence({ walk, trail }: Plot, index: number): string[] {
  const parts = walk.steps.slice(0, index).flatMap(({ level, below }, at) => {
    if (level === undefined || below) return [];
    const last = lastWrite(trail.entries[at]);
    const when = last === undefined ? "never written" : eventName(last.seq);
    return [`level ${level.toString()} (${when})`];
  });
  if (parts.length === 0) return [];
  const isNested = walk.steps.some(({ below }) => below);
  const behind = isNested ? ", each behind the second stage" : "";
  const stage = walk.steps.find(({ level, below }) => level !== undefined && !below)?.table ?? "";
  const entries = walk.scalable ? `${stage.replace(" ", "-")} entries` : "entries";
  return [`The walk leads through the ${entries} of ${parts.join(", ")}${behind}.`];
}

/** What the entries that resolve a request say: those of its device and of its PASID. */
function contextSentences({ walk, trail, request }: Plot): string[] {
  const pasid = request.asked.pasid ?? ridPasidOf(walk);
  const names: Partial<Record<PathTable, string>> = {
    context: `The context entry of ${formatSourceId(request.device)}`,
    "PASID entry": `The entry of PASID ${pasid === undefined ? "" : hex(pasid)}`,
    "extended context": `The extended context entry of ${formatSourceId(request.device)}`,
    "extended PASID entry": `The entry of PASID ${pasid === undefined ? "" : hex(pasid)}`,
  };
  return walk.steps.flatMap((step, index) => {
    const name = names[step.table];
    // The entry that decides is told of by itself.
    const isLast = index === walk.steps.length - 1 && step.table.endsWith("PASID entry");
    if (name === undefined || step.host === undefined || isLast) return [];
    const { seq } = trail.entries[index]?.writes.at(-1) ?? {};
    const when = seq === undefined ? "" : `, written at ${eventName(seq)},`;
    return [`${name}${when} says: ${meaning(placeOf(walk, step), step.entry)}.`];
  });
}

function decisiveSentences(plot: Plot): string[] {
  const { walk, decisive: index } = plot;
  const step = walk.steps[index];
  const trail = plot.trail.entries[index];
  if (step === undefined || trail === undefined) return [];
  const { address, entry, host } = step;
  const place = `The guest's ${entryName(step, walk.scalable)} at guest address ${hex(address)}`;
  if (host === undefined) return [`${place} cannot be read: the host grants no memory there.`];
  const at = placeOf(walk, step);
  const says = `${place} is ${entryText(at, entry)}: it ${verbPhrase(at, entry)}.`;
  const told = history(trail, walk.scalable, plot.unseen[index]);
  return [...upperSentence(plot, index), says, told];
}

/** The chain of events behind a translation, one sentence an item. */
export function tellStory(plot: Plot): readonly string[] {
  const { regime, request, off, use } = plot;
  const before = off?.before.toString();
  return [
    headline(plot),
    ...regimeSentences(regime, request.iova, off?.seq),
    ...(before === undefined ? [] : [`--at ${before} explains the state before that.`]),
    ...rememberedSentences(plot),
    ...earlySentences(plot),
    ...contextSentences(plot),
    ...decisiveSentences(plot),
    ...unseenSentences(plot),
    ...invalidSentences(plot),
    ...extendedSentences(plot),
    ...(regime === "tables" ? shadowSentences(plot) : []),
    ...reportText(use?.report),
    ...(regime === "tables" ? useSentences(plot) : []),
    ...(plot.unseen.some(Boolean) ? unseenConclusion(plot) : conclusion(plot)),
  ];
}
