import { formatSourceId, hex } from "../../events/address.ts";
import type { EntryTrail, EntryWrite } from "../../projections/provenance.ts";
import { reportText, shadowSentences, useSentences } from "./aftermath.ts";
import { meaning, verbPhrase } from "./meaning.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { regimeSentences } from "./regime.ts";
import { faultText, landingText } from "./walk.ts";

const writerNames: Readonly<Record<EntryWrite["by"], string>> = {
  cpu: "the guest's CPU",
  flush: "the guest's CPU (seen once it was flushed)",
  device: "a device's DMA",
  unit: "the vIOMMU itself",
  host: "a change of the P2M",
};

/** How a change became known to the vIOMMU. */
function announcedText({ announced }: EntryWrite): string {
  if (announced === undefined) return "and no invalidation has announced it yet";
  if (announced.type === "HostEntryChanged") {
    return `and taken in when the device was attached to its tables at ${eventName(announced.seq)}`;
  }
  return `and announced by the invalidation at ${eventName(announced.seq)}`;
}

/** How an entry came to be as it is. */
function history(trail: EntryTrail): string {
  const last = trail.writes.at(-1);
  if (last === undefined) return "Nobody has written it so far.";
  const { table, level } = trail.entry;
  const by = writerNames[last.by];
  const text = `It was written by ${by} at ${eventName(last.seq)}, ${announcedText(last)}`;
  if (last.from === 0n) return `${text}; until then it was 0.`;
  return `${text}; until then it was ${hex(last.from)}: ${meaning(table, level, last.from)}.`;
}

/** What would become of a DMA: where both the guest and the host let it. */
function prospect({ walk }: Plot): string {
  const { guest, composed, agree } = walk;
  const other = agree ? "" : `; the host says otherwise: ${landingText(walk.shadow)}`;
  if ("fault" in guest) return `would be blocked: ${faultText(guest.fault)}${other}`;
  if ("hpa" in composed) {
    const inGuest = `in the guest's memory at ${hex(guest.gpa)}`;
    return `would land ${inGuest}, in the host's at ${hex(composed.hpa)}${other}`;
  }
  const place = `the host grants no memory at guest address ${hex(guest.gpa)}`;
  return `would be blocked: ${place}, and the guest would see no fault${other}`;
}

function headline(plot: Plot, device: string): string {
  const { use, iova, access, at } = plot;
  const what = `DMA ${use?.access ?? access} to ${hex(iova)} by ${device}`;
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
  const index = decisive(plot);
  const step = plot.walk.steps[index];
  const last = plot.trail.entries[index]?.writes.at(-1);
  const { use, walk } = plot;
  if (step?.host === undefined || step.level === undefined || !("fault" in walk.guest)) return [];
  if (last === undefined && (step.entry & 3n) === 0n) {
    return ["In short: the guest has never mapped this page."];
  }
  if (use?.blocked?.reason === undefined) return [];
  if ((step.entry & 3n) !== 0n) {
    const allowed = (step.entry & 1n) !== 0n ? "reading" : "writing";
    const tried = use.access === "read" ? "read" : "write";
    return [
      `In short: the guest mapped this page for ${allowed} alone; the device tried to ${tried}.`,
    ];
  }
  if (last === undefined) return [];
  const unmapped = `the guest unmapped this page at ${eventName(last.seq)}`;
  return [`In short: ${unmapped}, and the device still used it at ${eventName(use.seq)}.`];
}

/** The entries before the one that decides, in one sentence. */
function upperSentence(upper: readonly EntryTrail[]): string[] {
  const tables = upper.filter((trail) => trail.entry.words === 1);
  if (tables.length === 0) return [];
  const parts = tables.map(({ entry, writes }) => {
    const last = writes.at(-1);
    const when = last === undefined ? "never written" : eventName(last.seq);
    return `level ${(entry.level ?? 0).toString()} (${when})`;
  });
  return [`The walk leads through the entries of ${parts.join(", ")}.`];
}

function contextSentence(plot: Plot, device: string): string[] {
  const step = plot.walk.steps.find((one) => one.table === "context");
  const trail = plot.trail.entries.find((one) => one.entry.table === "context");
  if (step?.host === undefined || trail === undefined) return [];
  const { seq } = trail.writes.at(-1) ?? {};
  const when = seq === undefined ? "" : `, written at ${eventName(seq)}`;
  return [
    `The context entry of ${device}${when}, says: ${meaning("context", undefined, step.entry)}.`,
  ];
}

/** The entry that decides: the last one read, or the first that does not allow the access. */
function decisive({ walk, access }: Plot): number {
  const bit = access === "read" ? 1n : 2n;
  const denying = walk.steps.findIndex(
    ({ table, entry }) => table !== "root" && table !== "context" && (entry & bit) === 0n,
  );
  return denying < 0 ? walk.steps.length - 1 : denying;
}

function decisiveSentences(plot: Plot): string[] {
  const index = decisive(plot);
  const step = plot.walk.steps[index];
  const trail = plot.trail.entries[index];
  if (step === undefined || trail === undefined) return [];
  const { table, level, address, entry, host } = step;
  const kind = level === undefined ? `${table} entry` : `level ${level.toString()} table entry`;
  const place = `The guest's ${kind} at guest address ${hex(address)}`;
  if (host === undefined) return [`${place} cannot be read: the host grants no memory there.`];
  const says = `${place} is ${hex(entry)}: it ${verbPhrase(table, level, entry)}.`;
  return [...upperSentence(plot.trail.entries.slice(0, index)), says, history(trail)];
}

/** The chain of events behind a translation, one sentence an item. */
export function tellStory(plot: Plot): readonly string[] {
  const device = formatSourceId(plot.trail.place.device);
  const { regime, iova, off, use } = plot;
  const before = off?.before.toString();
  return [
    headline(plot, device),
    ...regimeSentences(regime, iova, off?.seq),
    ...(before === undefined ? [] : [`--at ${before} explains the state before that.`]),
    ...contextSentence(plot, device),
    ...decisiveSentences(plot),
    ...(regime === "tables" ? shadowSentences(plot) : []),
    ...reportText(use?.report),
    ...(regime === "tables" ? useSentences(plot) : []),
    ...conclusion(plot),
  ];
}
