import { hex } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import { deliveryModes } from "../events/interrupt/interrupt-entry.ts";
import type { Step } from "../history/step.ts";
import type { Verdict } from "./verdict.ts";

/** An MSI as QEMU hands it to the interrupt controllers. */
export interface Message {
  readonly address: bigint;
  readonly data: number;
}

const levelAsserted = 0x4000;

/**
 * An interrupt that was remapped as the message that QEMU makes of it: the destination's low byte
 * in address bits 19:12 and the rest of it in 63:40, RH in bit 3, DM in bit 2, the lowest two bits
 * of the request's own address; vector, delivery mode, trigger mode, the level always asserted.
 */
export function messageOf(fact: FactOf<"InterruptDelivered">, low: bigint): Message {
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

function why(fact: Step["facts"][number] | undefined): string {
  if (fact?.type === "InterruptBlocked") return `it was blocked for reason ${hex(fact.reason)}`;
  return fact?.type === "InterruptPosted" ? "it was posted" : "nothing was delivered";
}

/** Compares what became of an MSI with the message that was recorded beside it. */
export function judgeInterrupt(input: InputOf<"MsiRequest">, { facts }: Step): Verdict {
  const { address = 0n, data, observed } = input;
  if (observed === undefined)
    return { verdict: "unjudged", text: "nothing was recorded beside it" };
  const delivered = facts.find((fact) => fact.type === "InterruptDelivered");
  if (delivered === undefined) {
    const outcome = facts.find(({ type }) => /^Interrupt(Blocked|Posted)$/.test(type));
    const text = `recorded as ${textOf(observed)}, but ${why(outcome)}`;
    return { verdict: "disagree", text };
  }
  const remapped = delivered.index !== undefined;
  const found = remapped ? messageOf(delivered, address) : { address, data };
  if (found.address === observed.address && found.data === observed.data) {
    return { verdict: "agree" };
  }
  return { verdict: "disagree", text: `recorded as ${textOf(observed)}, not ${textOf(found)}` };
}
