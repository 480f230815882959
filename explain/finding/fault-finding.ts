import { formatSourceId, hex } from "../../events/address.ts";
import { faultReasons } from "../../events/fault/fault-reason.ts";
import { faultText, reasonText } from "../../events/fault/fault-text.ts";
import type { Evidence, Fault } from "../evidence.ts";
import { dumpEntries } from "../text/entry-text.ts";
import { causeOf } from "./cause.ts";
import { shownDump, walksOf } from "./fault-walk.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import { hintsOf, modeHint, secondsOf } from "./hint.ts";
import { stepsFor } from "./next-step.ts";

/** Who asked for what: `00:04.0 read`, `00:04.0 with PASID 0x1 write`. */
function subject({ source, access, pasid, segment, of }: Fault): string {
  const where = segment === undefined ? "" : `${segment.toString(16).padStart(4, "0")}:`;
  const who =
    source === undefined ? "a device that is not told" : `${where}${formatSourceId(source)}`;
  if (of === "interrupt") return `interrupt of ${who}`;
  const space = pasid === undefined ? "" : ` with PASID ${hex(pasid)}`;
  return `DMA ${access ?? "request"} by ${who}${space}`;
}

/** Faults that are counted as one: everything but the address is the same. */
const keyOf = ({ from, of, source, segment, access, pasid, reason, index, doubt }: Fault): string =>
  [from, of, source, segment, access, pasid, reason, index, doubt].join("|");

/** Faults that are alike, in the order of their first lines. */
export function faultGroups(faults: readonly Fault[]): readonly (readonly Fault[])[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const key = keyOf(fault);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [fault]);
    else group.push(fault);
  }
  return [...groups.values()];
}

const shownAddresses = 6;

/** The addresses of faults that are alike, each once; how often where it is more than once. */
function addressText(faults: readonly Fault[]): string | undefined {
  const counts = new Map<bigint, number>();
  for (const { address } of faults) {
    if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const all = [...counts].map(
    ([address, count]) => `${hex(address)}${count > 1 ? ` (${count} times)` : ""}`,
  );
  const rest = all.length - shownAddresses;
  return rest > 0 ? `${all.slice(0, shownAddresses).join(", ")} and ${rest} more` : all.join(", ");
}

const notTold: Readonly<Record<string, string>> = {
  Linux: "not printed by Linux: whether it asked for supervisor rights or to execute",
  Xen: "not printed by Xen: PASID, supervisor rights, execution",
  QEMU: "",
  debugfs: "",
};

/** Xen does not print what it does not use itself. */
const pasidText = ({ pasid, from }: Fault): string =>
  pasid === undefined ? (from === "Xen" ? "not told" : "none") : hex(pasid);

function factsOf(faults: readonly Fault[]): Readonly<Record<string, string>> {
  const [one] = faults;
  if (one === undefined) return {};
  const { source, segment, access, index, reason, of, from, level, entry, unrecorded } = one;
  const meaning = reason === undefined ? undefined : faultReasons.get(reason);
  const silent = notTold[from] ?? "";
  const all: Readonly<Record<string, string | undefined>> = {
    reason: reason === undefined ? "not told" : reasonText(reason),
    meaning: meaning?.text,
    qualified:
      meaning === undefined
        ? undefined
        : meaning.qualified
          ? "yes: FPD would hide it"
          : "no: FPD does not hide it",
    device: source === undefined ? "not told" : formatSourceId(source),
    segment: segment === undefined ? undefined : hex(segment),
    request: of === "interrupt" ? "interrupt" : access,
    address: of === "interrupt" ? undefined : (addressText(faults) ?? "not told"),
    index: index === undefined ? undefined : hex(index),
    PASID: of === "interrupt" ? undefined : pasidText(one),
    level: level?.toString(),
    entry: entry === undefined ? undefined : hex(entry),
    "told to the guest":
      unrecorded === undefined
        ? undefined
        : unrecorded === "collapsed"
          ? "no: collapsed into the pending record of its device"
          : "no: dropped, as no record was free",
    "told by": from,
    silent: of === "dma" && silent !== "" ? silent : undefined,
  };
  const told = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told) as Readonly<Record<string, string>>;
}

function titleOf({ reason, of, index, ...fault }: Fault): string {
  const where = index === undefined ? "" : ` at index ${hex(index)}`;
  const why = reason === undefined ? "a fault whose reason is not told" : faultText(reason);
  return `${subject({ ...fault, reason, of, index })}${where} was blocked: ${why}.`;
}

/** Faults that are alike, explained. */
function faultFinding(
  evidence: Evidence,
  faults: readonly Fault[],
  textAt: (line: number) => string,
): readonly Finding[] {
  const [one] = faults;
  if (one === undefined) return [];
  const { usual, next } = causeOf(one.reason);
  const seconds = secondsOf(textAt(one.line));
  const doubt = one.doubt === undefined ? [] : [`The line is doubtful: ${one.doubt}.`];
  const dump = shownDump(evidence, faults);
  const last = faults.at(-1)?.line ?? one.line;
  return [
    finding({
      kind: one.of === "interrupt" ? "interrupt fault" : "fault",
      severity: "error",
      title: titleOf(one),
      lines: { first: one.line, last },
      count: faults.length,
      facts: factsOf(faults),
      entries: dump === undefined ? [] : dumpEntries(dump),
      walks: walksOf(evidence, faults),
      hints: [...doubt, ...hintsOf(evidence, faults, seconds), ...modeHint(one, dump)],
      usual,
      next: stepsFor(one.from, dump === undefined ? next : next.filter((step) => step !== "dump")),
    }),
  ];
}

/** Every fault of a paste, those that are alike as one. */
export const faultFindings = (
  evidence: Evidence,
  textAt: (line: number) => string,
): readonly Finding[] =>
  faultGroups(evidence.faults).flatMap((faults) => faultFinding(evidence, faults, textAt));
