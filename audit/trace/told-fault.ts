import { formatSourceId, hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import type { Faulted, Observation } from "./observation.ts";

/** A fault as it is reported: what is known of it, and all of that in words. */
export interface ToldFault {
  readonly line: number;
  readonly device?: string;
  readonly iova?: bigint;
  readonly access?: "read" | "write";
  readonly pasid?: number;
  readonly reason?: number;
  readonly index?: number;
  readonly level?: number;
  readonly entry?: bigint;
  readonly unrecorded?: "collapsed" | "dropped";
  readonly text: string;
}

const notRecorded = {
  collapsed: "not recorded: collapsed into the pending record of its device",
  dropped: "not recorded: dropped, as no record was free",
} as const;

/** Whose request it was, and to where. */
function subject({ source, iova, access, pasid, index }: Faulted): string {
  const who = source === undefined ? "a device that is not told" : formatSourceId(source);
  const space = pasid === undefined ? "" : ` with PASID ${hex(pasid)}`;
  if (index !== undefined) return `${who}, interrupt for index ${index.toString()}`;
  const what = access === undefined ? "" : ` ${access}`;
  const where = iova === undefined ? "" : ` at ${hex(iova)}`;
  return `${who}${space}${what}${where}`;
}

function textOf(seen: Faulted): string {
  const { source, iova, index, reason, level, entry, unrecorded } = seen;
  const isBare = [source, iova, index, reason].every((one) => one === undefined);
  if (isBare && unrecorded !== undefined) return `a further fault: ${notRecorded[unrecorded]}`;
  const fault = reason === undefined ? "a fault whose reason is not told" : faultText(reason);
  const place = level === undefined ? "" : `level ${level.toString()} `;
  const parts = [`${subject(seen)}: ${fault}`];
  if (entry !== undefined) parts.push(`${place}entry ${hex(entry)}`);
  if (unrecorded !== undefined) parts.push(notRecorded[unrecorded]);
  return parts.join("; ");
}

/** The faults among some observations, in order. */
export const toldFaults = (observations: readonly Observation[]): readonly ToldFault[] =>
  observations.flatMap((seen): ToldFault[] => {
    if (seen.kind !== "faulted") return [];
    const { kind: _kind, source, ...fields } = seen;
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const device = source === undefined ? {} : { device: formatSourceId(source) };
    return [{ ...device, ...Object.fromEntries(given), line: seen.line, text: textOf(seen) }];
  });
