import { at, iotlbAt } from "../../events/registers/offset.ts";
import type { FindingKind } from "./finding.ts";
import type { Executed, Invalidated, Observation } from "./observation.ts";
import type { Reach } from "./reach.ts";
import { descriptorText, reachOf } from "./reach.ts";

/** A ring entry that was fetched and whose descriptor the unit does not log. */
export interface Unlogged {
  readonly kind: "unlogged";
  readonly line: number;
}

/** A hole that shows when invalidations are put in order. */
export interface Hole {
  readonly kind: FindingKind;
  readonly line: number;
  readonly text: string;
}

/** What a trace invalidates, in order. */
export interface Sequence {
  /** Waits too; what registers ask for in the place where they asked. */
  readonly entries: readonly (Invalidated | Unlogged)[];
  readonly holes: readonly Hole[];
}

/** CCMD, and IOTLB where QEMU's ECAP.IRO has it. */
const commandRegisters = [at.ccmd, iotlbAt({ iro: 0xf0 })];

const isCommandRegister = (offset: number): boolean =>
  commandRegisters.some((first) => offset >= first && offset < first + 8);

const same = (a: unknown, b: unknown): boolean => a === undefined || b === undefined || a === b;

/** Whether what a unit says it executes can come from a descriptor. */
function comesFrom(said: Reach, asked: Reach): boolean {
  if (said.name !== asked.name) return false;
  // A domain-selective context invalidation is executed as a global one.
  const wider = said.name === "contextCache" && said.granularity === "global";
  if (wider && asked.granularity === "domain") return true;
  return (
    said.granularity === asked.granularity &&
    (said.granularity === "device" || same(said.did, asked.did)) &&
    same(said.source, asked.source) &&
    same(said.range?.first, asked.range?.first) &&
    same(said.range?.end, asked.range?.end)
  );
}

const asExecuted = ({ line, words }: Executed, via: "register" | "unknown"): Invalidated => ({
  kind: "invalidated",
  line,
  words,
  upper: 0n,
  via,
  unit: "",
  context: "",
});

/** Whether an observation is of somebody who asks for an invalidation. */
const asks = ({ kind }: Observation): boolean =>
  kind === "invalidated" ||
  kind === "headRead" ||
  kind === "tailWritten" ||
  kind === "registerWritten";

/** Puts the invalidations of a trace in order, and finds what was executed without being asked. */
export function sequenceOf(observations: readonly Observation[]): Sequence {
  const entries: (Invalidated | Unlogged)[] = [];
  const holes: Hole[] = [];
  let asked: Reach | undefined;
  let [scalable, fromRegister] = [false, false];
  // Where nobody is seen to ask, all that is executed was asked for by somebody.
  const isAlone = !observations.some(asks);
  let fetched: number | undefined;
  const close = (): void => {
    if (fetched !== undefined && scalable) entries.push({ kind: "unlogged", line: fetched });
    fetched = undefined;
  };
  for (const seen of observations) {
    if (seen.kind === "headRead" || seen.kind === "tailWritten") {
      close();
      [asked, fromRegister] = [undefined, false];
      if (seen.kind === "headRead") fetched = seen.line;
    } else if (seen.kind === "invalidated") {
      fetched = undefined;
      [asked, fromRegister] = [reachOf(seen.words), false];
      entries.push(seen);
    } else if (seen.kind === "registerWritten") fromRegister = isCommandRegister(seen.offset);
    else if (seen.kind === "rootLatched") scalable = seen.scalable;
    else if (seen.kind === "executed") {
      const said = reachOf(seen.words);
      if (asked !== undefined && comesFrom(said, asked)) continue;
      if (fromRegister) entries.push(asExecuted(seen, "register"));
      else if (isAlone) entries.push(asExecuted(seen, "unknown"));
      else {
        const text = `the unit executes ${descriptorText(seen.words)}; its descriptor is missing`;
        holes.push({ kind: "missingDescriptor", line: seen.line, text });
        // It is known what the entry was, though its line is missing.
        fetched = undefined;
      }
    }
  }
  close();
  return { entries, holes };
}
