import { formatSourceId } from "../../events/address.ts";
import type { Judge } from "./finding.ts";
import type { Context, DeviceMoved, Invalidated, Observation } from "./observation.ts";
import type { Reach } from "./reach.ts";
import { descriptorText, dropsTranslations, reachOf } from "./reach.ts";

const isWide = (reach: Reach): boolean => dropsTranslations(reach) && reach.granularity !== "page";

/**
 * After a context-cache invalidation comes one of the IOTLB that is global or of a domain, before
 * the next of its kind: what was cached by the old context would stay otherwise. In scalable mode,
 * after a global one, the PASID cache comes between.
 */
export function checkContextOrder(observations: readonly Observation[], judge: Judge): void {
  const open = new Map<Context, Invalidated>();
  /** Those after which the PASID cache was invalidated as a whole. */
  const complete = new Set<Invalidated>();
  /** Those after which the driver went on to something else. */
  const wentOn = new Set<Invalidated>();
  const reaches = observations.map((seen) =>
    seen.kind === "invalidated" ? reachOf(seen.words) : undefined,
  );
  const hasPasids = reaches.some((reach) => reach?.name === "pasidCache");
  const fail = (seen: Invalidated): void => {
    const text = `${descriptorText(seen.words)}: no wide IOTLB invalidation follows`;
    judge.disagree("contextNotInvalidated", seen.line, text);
  };
  for (const [index, seen] of observations.entries()) {
    const reach = reaches[index];
    if (seen.kind === "mappingChanged" || seen.kind === "deviceMoved") {
      const left = open.get(seen.context);
      if (left !== undefined) wentOn.add(left);
    }
    if (seen.kind !== "invalidated" || reach === undefined) continue;
    const before = open.get(seen.context);
    if (reach.name === "contextCache") {
      if (before !== undefined) fail(before);
      open.set(seen.context, seen);
    } else if (reach.name === "pasidCache") {
      if (before !== undefined && reach.granularity === "global") complete.add(before);
    } else if (before !== undefined && isWide(reach)) {
      const global = reachOf(before.words).granularity === "global";
      if (global && reach.granularity !== "global") continue;
      if (!global || !hasPasids || complete.has(before)) judge.agree();
      else {
        const text = `${descriptorText(before.words)}: no global one of the PASID cache follows`;
        judge.disagree("contextNotInvalidated", before.line, text);
      }
      open.delete(seen.context);
    }
  }
  const last = observations.at(-1)?.line ?? 0;
  for (const seen of open.values()) {
    if (wentOn.has(seen) || last - seen.line > 50) fail(seen);
    else judge.undecided("context-cache invalidation at the end of the trace");
  }
}

/** What may belong to attaching a device; what is global is for all of them. */
const parts = {
  "context-cache invalidation": ({ name, granularity }: Reach): boolean =>
    name === "contextCache" && granularity !== "global",
  "PASID-cache invalidation": ({ name, granularity }: Reach): boolean =>
    name === "pasidCache" && granularity !== "global",
  "IOTLB invalidation": ({ name, granularity }: Reach): boolean =>
    name === "iotlb" && granularity === "domain",
  "PASID-based IOTLB invalidation": (reach: Reach): boolean =>
    reach.name === "pasidIotlb" && isWide(reach),
} as const;

type Part = keyof typeof parts;
const partNames = Object.keys(parts) as Part[];

interface Attachment {
  readonly seen: DeviceMoved;
  readonly had: ReadonlySet<Part>;
}

const concerns = ({ source, sourceMask = 0xffff }: Reach, device: number): boolean =>
  source === undefined || (source & sourceMask) === (device & sourceMask);

/** A part belongs to attaching when at least so many of ten attachments have it. */
const rule = 0.8;
const fewest = 3;

/**
 * Compares how devices were attached: which invalidations belong to it depends on caching mode,
 * which a trace does not say, so what nearly all of them got is the rule.
 */
export function checkAttachments(observations: readonly Observation[], judge: Judge): void {
  const since = new Map<Context, Reach[]>();
  const attachments: Attachment[] = [];
  for (const seen of observations) {
    if (seen.kind === "invalidated") {
      const reaches = since.get(seen.context) ?? [];
      since.set(seen.context, reaches);
      reaches.push(reachOf(seen.words));
    } else if (seen.kind === "mappingChanged") since.delete(seen.context);
    else if (seen.kind === "deviceMoved") {
      const reaches = (since.get(seen.context) ?? []).filter((one) => concerns(one, seen.source));
      since.delete(seen.context);
      if (!seen.attached) continue;
      const had = new Set(partNames.filter((part) => reaches.some(parts[part])));
      attachments.push({ seen, had });
    }
  }
  for (const part of partNames) {
    const having = attachments.filter(({ had }) => had.has(part)).length;
    if (having < fewest || having < rule * attachments.length) continue;
    for (const { seen, had } of attachments) {
      if (had.has(part)) judge.agree();
      else {
        const text = `${formatSourceId(seen.source)} was attached without a ${part}`;
        const others = `${having.toString()} of ${attachments.length.toString()} had one`;
        judge.disagree("attachedSilently", seen.line, `${text}; ${others}`);
      }
    }
  }
}
