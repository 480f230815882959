import { formatSourceId, hex } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import type { Answer } from "../oracle/compose.ts";
import type { Violation } from "../verdict.ts";
import type { HostAnswer } from "./host-answer.ts";
import { hostAnswer } from "./host-answer.ts";
import type { Probe } from "./probes.ts";

/** One text for what an oracle or a host answers, the offset in the page aside. */
export function textOf(answer: HostAnswer | Answer["composed"]): string {
  if ("interrupt" in answer) return "interrupt";
  if ("hole" in answer) return "hole";
  if ("fault" in answer) {
    return `fault ${hex(answer.fault)}${answer.suppressed ? " suppressed" : ""}`;
  }
  return hex("hfn" in answer ? answer.hfn : Number(answer.hpa >> 12n));
}

const order = ["4K", "2M", "1G"];

/**
 * The place of the size in order; the host may map in smaller pieces than the guest, never larger.
 */
const sizeOf = (answer: HostAnswer | Answer["composed"]): number =>
  "size" in answer ? order.indexOf(answer.size) : -1;

const accesses = ["read", "write"] as const;

/** Where a key is, for people. */
export const nameOf = ({ key, seq }: Probe, access: Access): string =>
  `at ${seq}: ${access} by ${senderOf(key)} of page ${hex(key.page)}`;

/** Source-id and PASID, for people. */
export const senderOf = ({ sid, pasid }: Probe["key"]): string =>
  formatSourceId(sid) + (pasid === undefined ? "" : ` with PASID ${hex(pasid)}`);

/** Compares what the host does for a key with what the oracle allows. */
export function compareProbe(
  law: string,
  probe: Probe,
  allowed: (access: Access) => readonly Answer["composed"][] | undefined,
): Violation | undefined {
  const guest = probe.world.guests[probe.key.guest];
  if (guest === undefined) return undefined;
  for (const access of accesses) {
    const answers = allowed(access);
    const answer = hostAnswer(guest, probe.key, access);
    if (answers === undefined || answer === undefined) continue;
    if (answers.some((one) => "interrupt" in one)) continue;
    const found = textOf(answer);
    const [size, largest] = [sizeOf(answer), Math.max(...answers.map(sizeOf))];
    const texts = answers.map(textOf);
    if (texts.includes(found) && size <= largest) continue;
    const sizes = size > largest ? ` (${order[size]}, at most ${order[largest]})` : "";
    const text = `${nameOf(probe, access)}: ${found}${sizes}, not ${texts.join(" or ")}`;
    return { law, seq: probe.seq, text };
  }
  return undefined;
}
