import { formatSourceId, hex, pageOf } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import { hasFrame, readable, writable } from "../tables/mapping.ts";
import { ownerGuest, ownerPage } from "../tables/p2m.ts";
import { get } from "../tables/page-tree.ts";
import type { JudgedDma } from "./judged-dma.ts";
import type { Violation } from "./verdict.ts";

/** The address that a message names. */
const nameOf = (input: InputOf<"Dma">): string =>
  `${formatSourceId(input.device)} at ${hex(input.iova)}`;

/** SH1, IS1, FA1 and FA2 of one DMA. */
export function violationsOf(dma: JudgedDma, step: Step): Violation[] {
  const { ways, landed, blocked, input, guest, write } = dma;
  const found: Violation[] = [];
  const report = (law: string, text: string): void => {
    found.push({ law, seq: step.seq, text: `${nameOf(input)}: ${text}` });
  };
  if (ways !== undefined && ways.since === 0 && !ways.agree) {
    report("SH1", "nothing is pending, and shadow and composed walk differ");
  }
  const p2m = step.before.guests[guest]?.p2m;
  if (landed?.hpa !== undefined && p2m !== undefined) {
    const owner = get(step.before.owners, pageOf(landed.hpa));
    const allowed = landed.access === "read" ? readable : writable;
    const owned = hasFrame(owner) && ownerGuest(owner) === guest;
    if (!owned || !allowed(p2m, ownerPage(owner))) {
      report("IS1", `reached host page ${hex(landed.hpa)}, which the P2M does not grant`);
    }
  }
  if (blocked?.reason !== undefined && ways !== undefined && ways.since === 0) {
    if (faultOf(ways.walked, write) !== blocked.reason)
      report("FA1", "blocked for a reason that no guest table gives");
  }
  if (blocked?.host === "hole" && step.facts.some((fact) => fact.type === "FaultRecorded")) {
    report("FA2", "a hole of the host's was reported to the guest");
  }
  return found;
}
