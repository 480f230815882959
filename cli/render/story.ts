import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import type { Translation } from "../../machines/translate.ts";
import type { EntryTrail, EntryWrite, Trail } from "../../projections/provenance.ts";
import type { PlaceFact, Use } from "../../projections/use.ts";
import { meaning, verbPhrase } from "./meaning.ts";
import { faultText } from "./walk.ts";

/** What a story is about. */
export interface Plot {
  /** Number of the last event before the moment that is explained. */
  readonly at: number;
  readonly iova: bigint;
  readonly access: Access;
  /** The DMA that is explained; `undefined` when it is the state alone. */
  readonly use: Use | undefined;
  readonly walk: Translation;
  readonly trail: Trail;
}

const event = (seq: number): string => `event ${seq.toString()}`;

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
    return `and taken in when the device was attached to its tables at ${event(announced.seq)}`;
  }
  return `and announced by the invalidation at ${event(announced.seq)}`;
}

/** How an entry came to be as it is. */
function history(trail: EntryTrail): string {
  const last = trail.writes.at(-1);
  if (last === undefined) return "Nobody has written it so far.";
  const { table, level } = trail.entry;
  const by = writerNames[last.by];
  const text = `It was written by ${by} at ${event(last.seq)}, ${announcedText(last)}`;
  if (last.from === 0n) return `${text}; until then it was 0.`;
  return `${text}; until then it was ${hex(last.from)}: ${meaning(table, level, last.from)}.`;
}

function headline({ use, iova, access, at, walk }: Plot, device: string): string {
  const what = `DMA ${use?.access ?? access} to ${hex(iova)} by ${device}`;
  if (use === undefined) {
    const end =
      "fault" in walk.guest ? `would be blocked: ${faultText(walk.guest.fault)}` : "is allowed";
    return `After ${event(at)} a ${what} ${end.endsWith(".") ? end : `${end}.`}`;
  }
  if (use.blocked === undefined) {
    const { gpa, hpa } = use.landed ?? {};
    const where = gpa === undefined ? "" : ` in the guest's memory at ${hex(gpa)}`;
    const host = hpa === undefined ? "" : `, in the host's at ${hex(hpa)}`;
    return `The ${what} at ${event(use.seq)} landed${where}${host}.`;
  }
  const { reason, host } = use.blocked;
  const hosts = "the host's doing, the guest sees no fault";
  const why = reason === undefined ? `${host ?? "refused"} (${hosts}).` : faultText(reason);
  return `The ${what} at ${event(use.seq)} was blocked: ${why}`;
}

/** What the guest was told of a fault. */
function reportText(report: PlaceFact | undefined): string[] {
  switch (report?.fact.type) {
    case "FaultRecorded": {
      const index = report.fact.index.toString();
      return [`The guest was told: fault record ${index} was filled at ${event(report.seq)}.`];
    }
    case "FaultCollapsed":
      return [
        "The guest was not told again: a record of the same fault was still waiting to be read " +
          `(${event(report.seq)}).`,
      ];
    case "FaultSuppressed":
      return [`The guest was not told: it asked not to be (${event(report.seq)}).`];
    case "FaultDropped":
      return [`The guest was not told: all fault records were in use (${event(report.seq)}).`];
    default:
      return [];
  }
}

/** The entries before the one that decides, in one sentence. */
function upperSentence(upper: readonly EntryTrail[]): string[] {
  const tables = upper.filter((trail) => trail.entry.words === 1);
  if (tables.length === 0) return [];
  const parts = tables.map(({ entry, writes }) => {
    const last = writes.at(-1);
    const when = last === undefined ? "never written" : event(last.seq);
    return `level ${(entry.level ?? 0).toString()} (${when})`;
  });
  return [`Each table above leads on to the next: ${parts.join(", ")}.`];
}

function contextSentence(plot: Plot, device: string): string[] {
  const step = plot.walk.steps.find((one) => one.table === "context");
  const trail = plot.trail.entries.find((one) => one.entry.table === "context");
  if (step === undefined || trail === undefined || step.entry === undefined) return [];
  const says = meaning("context", undefined, step.entry);
  const last = trail.writes.at(-1);
  const when = last === undefined ? "" : ` since ${event(last.seq)}`;
  return [`The guest gave ${device} ${says}${when}.`];
}

/** The entry that decides: the last one read, or the first that does not allow the access. */
function decisive({ walk, access }: Plot): number {
  const bit = access === "read" ? 1n : 2n;
  const denying = walk.steps.findIndex(
    ({ table, entry }) =>
      table !== "root" && table !== "context" && entry !== undefined && (entry & bit) === 0n,
  );
  return denying < 0 ? walk.steps.length - 1 : denying;
}

function decisiveSentences(plot: Plot): string[] {
  const index = decisive(plot);
  const step = plot.walk.steps[index];
  const trail = plot.trail.entries[index];
  if (step === undefined || trail === undefined) return [];
  const { table, level, address, entry } = step;
  const kind = level === undefined ? `${table} entry` : `level ${level.toString()} table entry`;
  const place = `The guest's ${kind} at guest address ${hex(address)}`;
  if (entry === undefined) return [`${place} cannot be read: the host grants no memory there.`];
  const says = `${place} is ${hex(entry)}: it ${verbPhrase(table, level, entry)}.`;
  return [...upperSentence(plot.trail.entries.slice(0, index)), says, history(trail)];
}

/** What the shadow has had for the page: how it is, and how it was before. */
function shadowSentences({ trail, walk }: Plot): string[] {
  const said = trail.facts.filter((one) => one.fact.type !== "HostEntryChanged");
  const now = said.at(-1);
  const sentences: string[] = [];
  const mapped = said.findLast((one) => one.fact.type === "ShadowMapped");
  if (mapped !== undefined && mapped.fact.type === "ShadowMapped") {
    const { fact } = mapped;
    const offset = BigInt(trail.place.page - pageOf(fact.iova)) << 12n;
    const [gpa, hpa] = [hex(fact.gpa + offset), hex(fact.hpa + offset)];
    const verb = mapped === now ? "maps the page since" : "had the page from";
    sentences.push(
      `The shadow ${verb} ${event(mapped.seq)}: guest page ${gpa} at host page ${hpa}.`,
    );
  }
  if (now !== undefined && now.fact.type === "ShadowUnmapped") {
    sentences.push(`The shadow dropped the page at ${event(now.seq)}.`);
  }
  if (now !== undefined && now.fact.type === "ShadowBlocked") {
    sentences.push(`The host grants no memory for the page (${event(now.seq)}).`);
  }
  if (walk.pending !== undefined) {
    const since = event(walk.pending.since);
    sentences.push(`A change on the path is still unannounced, since ${since}.`);
  } else if (walk.agree) sentences.push("The guest's tables and the shadow agree on this page.");
  else sentences.push("The guest's tables and the shadow do not agree on this page.");
  return sentences;
}

const times = (count: number, what: string): string =>
  `${count.toString()} ${what}${count === 1 ? "" : "s"}`;

function useSentences({ trail }: Plot): string[] {
  const { landed, blocked, first, last } = trail.uses;
  if (first === undefined || last === undefined) {
    return ["No DMA has used the page since the shadow last changed there."];
  }
  const span = first === last ? `at ${event(first.seq)}` : `${event(first.seq)} to ${last.seq}`;
  const ends = `${times(landed, "DMA")} landed and ${blocked.toString()} were blocked`;
  return [`Since the shadow last changed there, ${ends} on this page (${span}).`];
}

/** The chain of events behind a translation, one sentence an item. */
export function tellStory(plot: Plot): readonly string[] {
  const device = formatSourceId(plot.trail.place.device);
  return [
    headline(plot, device),
    ...contextSentence(plot, device),
    ...decisiveSentences(plot),
    ...shadowSentences(plot),
    ...reportText(plot.use?.report),
    ...useSentences(plot),
  ];
}
