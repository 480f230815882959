import { hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Message } from "../properties/judge-interrupt.ts";
import { messageOf } from "../properties/judge-interrupt.ts";
import { find } from "../properties/laws/requests.ts";

/** A message as both sides write it. */
export const messageText = (address: bigint, data: bigint): string =>
  `${hex(address)} with ${hex(data)}`;

/** The same of a message of the target's. */
export const textOfMessage = ({ address, data }: Message): string =>
  messageText(address, BigInt(data));

/** The messages that a step should send, the unit's own and that of an interrupt request. */
export function messagesOf(facts: readonly Fact[], input: Input) {
  const events = facts.flatMap((fact) =>
    fact.type === "EventSent" ? [messageText(fact.address, BigInt(fact.data))] : [],
  );
  const delivered = find(facts, "InterruptDelivered");
  if (input.type !== "MsiRequest" || delivered === undefined) return { events, message: undefined };
  const remapped = messageOf(delivered, input.address);
  const isRemapped = delivered.index !== undefined;
  const message = isRemapped
    ? messageText(remapped.address, BigInt(remapped.data))
    : messageText(input.address, BigInt(input.data));
  return { events, message };
}
