import { hex } from "../../events/address.ts";
import { reason as reasons } from "../../events/fault/fault-reason.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import { RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { Judge } from "./finding.ts";
import type { Faulted } from "./observation.ts";

/** Whether an entry stops a request for a reason; `undefined` where that takes more to know. */
function stops({ reason, access, index }: Faulted, entry: bigint): boolean | undefined {
  if (index !== undefined) {
    const isAbsent = reason === reasons.interruptNotPresent;
    return isAbsent ? !RemappedEntry.decode(entry).present : undefined;
  }
  const { r, w } = SecondStageEntry.decode(entry);
  switch (reason) {
    case reasons.readDenied:
      return !r;
    case reasons.writeDenied:
      return !w;
    case reasons.secondStageDenied:
      return access === undefined ? undefined : !(access === "write" ? w : r);
    default:
      return undefined;
  }
}

/** Whether a fault is what the entry says that is told beside it, if there is one. */
export function judgeFault(seen: Faulted, judge: Judge): void {
  const { entry, reason, line } = seen;
  const isRight = entry === undefined ? undefined : stops(seen, entry);
  if (isRight === true) judge.agree();
  else if (isRight === undefined || entry === undefined || reason === undefined) {
    judge.notObservable("fault: whether the tables say so is in guest memory");
  } else {
    const text = `beside fault ${reasonText(reason)} the entry ${hex(entry)} is told, which`;
    judge.disagree("faultUnexplained", line, `${text} does not give that reason`);
  }
}
