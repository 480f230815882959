import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { PlaceFact } from "../../history/use.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { hasFirstStage, isStale } from "./walk-rows.ts";

/** What the guest was told of a fault. */
export function reportText(report: PlaceFact | undefined): string[] {
  switch (report?.fact.type) {
    case "FaultRecorded": {
      const index = report.fact.index.toString();
      return [`The guest was told: fault record ${index} was filled at ${eventName(report.seq)}.`];
    }
    case "FaultCollapsed":
      return [
        "The guest was not told again: a record of the same fault was still waiting to be read " +
          `(${eventName(report.seq)}).`,
      ];
    case "FaultSuppressed":
      return [`The guest was not told: it asked not to be (${eventName(report.seq)}).`];
    case "FaultDropped":
      return [`The guest was not told: all fault records were in use (${eventName(report.seq)}).`];
    default:
      return [];
  }
}

/** That the request itself read the entries that it met. */
const readTexts: Readonly<Record<NonNullable<Plot["walk"]["reads"]>, string>> = {
  firstUse: "The host had not read the entry of this PASID before.",
  notKept:
    "What faulted before is not kept without caching mode (CAP.CM): the request itself makes the " +
    "unit read the entries again.",
};

function agreement({ walk, host }: Plot): readonly string[] {
  if ("refused" in walk.shadow) return [];
  if (walk.reads === undefined) return [agreementText(walk, host)];
  return [readTexts[walk.reads], ...(walk.agree ? [] : [agreementText(walk, host)])];
}

function agreementText(walk: Plot["walk"], host: Plot["host"]): string {
  const { agree, pending } = walk;
  const kept = walk.scalable && host?.shadow === undefined ? "the host's entry" : "the shadow";
  const other = hasFirstStage(walk) ? "the host's IOMMU" : kept;
  const both = `The guest's tables and ${other} ${agree ? "agree" : "do not agree"} on this page`;
  if (pending === undefined) return `${both}.`;
  const since = eventName(pending.since);
  if (isStale(walk, host)) {
    const holds = `what is cached since ${since} holds until it is invalidated`;
    return `${both}, which is allowed: ${holds}.`;
  }
  const change = `a change on the path, at ${since}, is not announced yet`;
  return agree
    ? `${both}; ${change}, which makes no difference here.`
    : `${both}, which is allowed: ${change}.`;
}

/** Why the host has no way to do what the guest asks. */
function refusalSentences({ walk, profile }: Plot): string[] {
  if (!("refused" in walk.shadow)) return [];
  return profile?.cachingMode === false
    ? ["The host refuses: without caching mode (CAP.CM) no shadow follows the second stage."]
    : ["The host refuses: a shadow has no accessed and dirty bits of its own (SSADE)."];
}

/** Who walks a first stage, and over what. */
function walkerSentences({ host, walk }: Plot): string[] {
  if (!hasFirstStage(walk) || host?.space === undefined) return [];
  if (host.state === "virtual")
    return ["The device model asks, and the guest's tables are walked."];
  const over = host.shadow === undefined ? "the P2M" : "the shadow of the guest's second stage";
  return [`The host's IOMMU walks the guest's first stage itself, nested over ${over}.`];
}

/** What the device may use without asking. */
function deviceSentences({ walk, request }: Plot): string[] {
  const { deviceTlb } = walk;
  if (deviceTlb === undefined) return [];
  const { device } = request;
  const page = "gpa" in deviceTlb ? `guest address ${hex(deviceTlb.gpa)}` : hex(deviceTlb.hpa);
  return [
    `The TLB of ${formatSourceId(device)} itself holds the page: translated requests go to ` +
      `${page}, whatever the tables say, until the device is made to forget it.`,
  ];
}

/** What the shadow has had for the page: how it is, and how it was before. */
export function shadowSentences(plot: Plot): string[] {
  const { trail, facts } = plot;
  const said = facts.filter((one) => one.fact.type.startsWith("Shadow"));
  const now = said.at(-1);
  const sentences = [...refusalSentences(plot), ...walkerSentences(plot)];
  const mapped = said.findLast((one) => one.fact.type === "ShadowMapped");
  if (mapped !== undefined && mapped.fact.type === "ShadowMapped") {
    const { fact } = mapped;
    const offset = BigInt(trail.place.page - pageOf(fact.iova)) << 12n;
    const [gpa, hpa] = [hex(fact.gpa + offset), hex(fact.hpa + offset)];
    const verb = mapped === now ? "maps the page since" : "had the page from";
    sentences.push(
      `The shadow ${verb} ${eventName(mapped.seq)}: guest page ${gpa} at host page ${hpa}.`,
    );
  }
  if (now !== undefined && now.fact.type === "ShadowUnmapped") {
    sentences.push(`The shadow dropped the page at ${eventName(now.seq)}.`);
  }
  if (now !== undefined && now.fact.type === "ShadowBlocked") {
    sentences.push(`The host grants no memory for the page (${eventName(now.seq)}).`);
  }
  return [...sentences, ...agreement(plot), ...deviceSentences(plot)];
}

/** How often the page was used as it is. */
export function useSentences({ trail }: Plot): string[] {
  const { landed, blocked, first, last } = trail.uses;
  if (first === undefined || last === undefined) {
    return ["No DMA has used the page since its mapping last changed."];
  }
  const span =
    first === last
      ? eventName(first.seq)
      : `events ${first.seq.toString()} to ${last.seq.toString()}`;
  const counts = `${landed.toString()} landed, ${blocked.toString()} blocked`;
  const told = first.report?.fact.type === "FaultRecorded" && first !== last;
  const record = told ? ` The first of them was recorded for the guest.` : "";
  return [`DMAs to this page since its mapping last changed: ${counts} (${span}).${record}`];
}
