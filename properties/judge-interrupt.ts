import { hex, sourceId } from "../events/address.ts";
import type { Fact, FactOf, OneFactOf } from "../events/fact.ts";
import { reasonText } from "../events/fault/fault-text.ts";
import type { InputOf } from "../events/input.ts";
import { deliveryModes } from "../events/interrupt/interrupt-entry.ts";
import type { Step } from "../history/step.ts";
import { isReported } from "./reported.ts";
import type { Verdict } from "./verdict.ts";
import { agree, disagree, unjudged } from "./verdict.ts";

/** An MSI as QEMU hands it to the interrupt controllers. */
export interface Message {
  readonly address: bigint;
  readonly data: number;
}

type Delivered = FactOf<"InterruptDelivered">;
type InterruptResult = OneFactOf<"InterruptDelivered" | "InterruptPosted" | "InterruptBlocked">;

const levelAsserted = 0x4000;

/**
 * An interrupt that was remapped as the message that QEMU makes of it: the destination's low byte
 * in address bits 19:12 and the rest of it in 63:40, RH in bit 3, DM in bit 2, the lowest two bits
 * of the request's own address; vector, delivery mode, trigger mode, the level always asserted.
 */
export function messageOf(fact: Delivered, low: bigint): Message {
  const { destination, vector, deliveryMode, destinationMode, trigger, redirectionHint } = fact;
  const address =
    (BigInt(destination >>> 8) << 40n) |
    0xfee0_0000n |
    (BigInt(destination & 0xff) << 12n) |
    (redirectionHint ? 8n : 0n) |
    (destinationMode === "logical" ? 4n : 0n) |
    (low & 3n);
  const level = trigger === "level" ? 0x8000 : 0;
  const data = vector | (deliveryModes.indexOf(deliveryMode) << 8) | levelAsserted | level;
  return { address, data };
}

const textOf = ({ address, data }: Message): string => `${hex(address)} with ${hex(data)}`;

const isOutcome = (fact: Fact): fact is InterruptResult =>
  fact.type === "InterruptDelivered" ||
  fact.type === "InterruptPosted" ||
  fact.type === "InterruptBlocked";

/** The message that a delivered request is: what is not remapped stays as it came. */
const deliveredAs = (fact: Delivered, request: Message): Message =>
  fact.index === undefined ? request : messageOf(fact, request.address);

/** What became of a request, in words. */
function outcomeText(outcome: InterruptResult | undefined, request: Message): string {
  switch (outcome?.type) {
    case "InterruptDelivered":
      return `it was delivered as ${textOf(deliveredAs(outcome, request))}`;
    case "InterruptPosted":
      return "it was posted";
    case "InterruptBlocked":
      return `it was blocked by ${reasonText(outcome.reason)}`;
    default:
      return "nothing was delivered";
  }
}

/** Pages of the address in a fault record that one interrupt index takes: it is in bits 63:48. */
const indexAt = 48n;

/**
 * Compares what became of an interrupt request with the reason for which it was seen to be blocked:
 * it was blocked for that one, and reported with it, its sender and its index, or kept from being
 * reported by a rule.
 */
export function judgeBlocked(request: Message, reason: number, { facts }: Step): Verdict {
  const outcome = facts.find(isOutcome);
  const recorded = `recorded as fault ${reasonText(reason)}`;
  if (outcome?.type !== "InterruptBlocked" || outcome.reason !== reason) {
    return disagree(`${recorded}, but ${outcomeText(outcome, request)}`);
  }
  const { source = sourceId(0), index = 0 } = outcome;
  const fault = { reason, source, iova: BigInt(index) << indexAt, access: undefined };
  if (isReported(facts, fault)) return agree;
  return disagree(`fault ${reasonText(reason)} was not reported as recorded`);
}

/** Compares what became of an MSI with the message, or the fault, that was recorded beside it. */
export function judgeInterrupt(input: InputOf<"MsiRequest">, step: Step): Verdict {
  const { address, data, observed = {} } = input;
  const request = { address, data };
  if (observed.reason !== undefined) return judgeBlocked(request, observed.reason, step);
  if (observed.address === undefined || observed.data === undefined) return unjudged;
  const recorded = { address: observed.address, data: observed.data };
  const outcome = step.facts.find(isOutcome);
  if (outcome?.type !== "InterruptDelivered") {
    return disagree(`recorded as ${textOf(recorded)}, but ${outcomeText(outcome, request)}`);
  }
  const found = deliveredAs(outcome, request);
  if (found.address === recorded.address && found.data === recorded.data) return agree;
  return disagree(`recorded as ${textOf(recorded)}, not ${textOf(found)}`);
}
