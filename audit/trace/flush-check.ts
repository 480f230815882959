import { formatSourceId } from "../../events/address.ts";
import type { Judge } from "./finding.ts";
import type { Context, FlushAsked, Observation } from "./observation.ts";
import type { Reach } from "./reach.ts";
import { dropsTranslations, iovaText, overlaps, reachOf, without } from "./reach.ts";

/** What a context said that it would flush, and what it submitted, since its last mapping. */
interface Window {
  readonly asked: FlushAsked[];
  readonly submitted: Reach[];
}

const everything = 1n << 64n;

function answers(reach: Reach, { cache, did, source }: FlushAsked): boolean {
  if (cache === "iotlb") {
    return dropsTranslations(reach) && (reach.did === undefined || reach.did === did);
  }
  const isDevice = reach.name === "deviceTlb" || reach.name === "pasidDeviceTlb";
  return isDevice && reach.source === source;
}

/** Whether two lines speak of a flush of the same cache and of some of the same IOVAs. */
const isSame = (a: FlushAsked, b: FlushAsked): boolean =>
  a.cache === b.cache && a.did === b.did && a.source === b.source && overlaps(a, b);

function close({ asked, submitted }: Window, late: boolean, judge: Judge): void {
  for (const one of asked) {
    const range = { first: one.first, end: one.end };
    const own = submitted.filter((reach) => answers(reach, one));
    const left = own.reduce(without, [range]);
    // What the last pages of the address space hold no descriptor can name alone.
    if (left.length === 0 || (one.end === everything && own.length > 0)) judge.agree();
    else if (late) judge.undecided("flush at the end of the trace");
    else {
      const device = one.cache === "deviceTlb";
      const whose = device ? `of ${formatSourceId(one.source ?? 0)}` : `of domain ${one.did}`;
      const what = `the driver flushes the ${device ? "device TLB" : "IOTLB"} ${whose}`;
      const text = `${what}, ${iovaText(range)}; no descriptor for it follows`;
      judge.disagree(device ? "deviceTlbNotTold" : "missingInvalidation", one.line, text);
    }
  }
}

/** Whether each flush that a driver speaks of comes to a descriptor in the queue. */
export function checkFlushes(observations: readonly Observation[], judge: Judge): void {
  const windows = new Map<Context, Window>();
  const windowOf = (context: Context): Window => {
    const found = windows.get(context);
    if (found !== undefined) return found;
    const made: Window = { asked: [], submitted: [] };
    windows.set(context, made);
    return made;
  };
  const last = observations.at(-1)?.line ?? 0;
  for (const seen of observations) {
    if (seen.kind === "flushAsked") {
      const window = windowOf(seen.context);
      // What is asked for again belongs to the next flush.
      if (window.asked.some((one) => isSame(one, seen))) {
        close(window, false, judge);
        windows.delete(seen.context);
      }
      windowOf(seen.context).asked.push(seen);
    } else if (seen.kind === "invalidated")
      windowOf(seen.context).submitted.push(reachOf(seen.words));
    else if (seen.kind === "mappingChanged") {
      const window = windows.get(seen.context);
      windows.delete(seen.context);
      if (window !== undefined) close(window, false, judge);
    }
  }
  for (const window of windows.values()) {
    const asked = window.asked.at(-1)?.line ?? 0;
    close(window, last - asked < 50, judge);
  }
}
