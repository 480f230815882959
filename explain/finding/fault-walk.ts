import { reason as faults } from "../../events/fault/fault-reason.ts";
import type { Dump } from "../dump.ts";
import type { Evidence, Fault } from "../evidence.ts";
import type { Request } from "../walk/check.ts";
import { walkInterrupt } from "../walk/interrupt-walk.ts";
import { entryChecks } from "../walk/page-walk.ts";
import { checkSentences, verdictOf } from "../walk/verdict.ts";
import { walkDump } from "../walk/walk-dump.ts";
import type { WalkShown } from "./finding.ts";
import { dumpFromRows } from "./rows-dump.ts";
import { rulesOfDump } from "./unit-rules.ts";

/** The dump that a fault is judged by: its own, or what the files of debugfs in the text show. */
const dumpOf = (evidence: Evidence, fault: Fault): Dump | undefined =>
  fault.dump ?? dumpFromRows(evidence, fault);

function walkFault(evidence: Evidence, fault: Fault, dump: Dump): WalkShown {
  const { address, access, pasid, reason } = fault;
  const request: Request = { iova: address, access, pasid, blockedBy: reason };
  const whole: Dump = { ...dump, source: dump.source ?? fault.source };
  const walk = walkDump(whole, request, rulesOfDump(evidence, whole));
  return { checks: checkSentences(walk), verdict: verdictOf(reason, walk) };
}

/** The one entry that a message of QEMU's tells with the fault. */
function walkEntry(evidence: Evidence, fault: Fault): WalkShown | undefined {
  const { level, entry, reason, access, address } = fault;
  if (level === undefined || entry === undefined || level < 1) return undefined;
  const isFirst = reason !== undefined && ((reason >= 0x70 && reason <= 0x73) || reason >= 0x80);
  const stage = {
    stage: isFirst ? "first" : "second",
    scalable: isFirst,
    nxe: true,
    wpe: false,
  } as const;
  const rules = rulesOfDump(evidence, undefined);
  const checks = entryChecks(
    { level, entry },
    stage,
    { iova: address, access, blockedBy: reason },
    rules,
  );
  const walk = { checks };
  return { checks: checkSentences(walk), verdict: verdictOf(reason, walk) };
}

/** The entry of an interrupt, where the text shows entries. */
function walkOfInterrupt(evidence: Evidence, fault: Fault): WalkShown | undefined {
  const { index, source, reason } = fault;
  if (index === undefined || reason === faults.compatibilityBlocked) return undefined;
  const rules = rulesOfDump(evidence, undefined);
  const checks = walkInterrupt(evidence.interrupts, { index, source }, rules);
  if (checks === undefined) return undefined;
  return { checks: checkSentences({ checks }), verdict: verdictOf(reason, { checks }) };
}

function walkOf(evidence: Evidence, fault: Fault): WalkShown | undefined {
  if (fault.of === "interrupt") return walkOfInterrupt(evidence, fault);
  const dump = dumpOf(evidence, fault);
  return dump === undefined ? walkEntry(evidence, fault) : walkFault(evidence, fault, dump);
}

const mostWalked = 64;

/** The walks of faults that are alike: of those with a dump of their own, and of some others. */
export function walksOf(evidence: Evidence, alike: readonly Fault[]): readonly WalkShown[] {
  const own = alike.filter(({ dump }) => dump !== undefined);
  const chosen = own.length > 0 ? own : alike.slice(0, mostWalked);
  const seen = new Set<string>();
  return chosen.flatMap((fault) => {
    const walk = walkOf(evidence, fault);
    const key = walk === undefined ? "" : [walk.verdict.kind, ...walk.checks].join("|");
    if (walk === undefined || seen.has(key)) return [];
    seen.add(key);
    return [walk];
  });
}

/** The dump whose entries are shown beside faults that are alike. */
export const shownDump = (evidence: Evidence, alike: readonly Fault[]): Dump | undefined =>
  alike.find(({ dump }) => dump !== undefined)?.dump ??
  alike
    .slice(0, mostWalked)
    .filter(({ of }) => of === "dma")
    .map((fault) => dumpFromRows(evidence, fault))
    .find((found) => found !== undefined);
