import { formatSourceId, hex, pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Message } from "../properties/judge-interrupt.ts";
import { messageOf } from "../properties/judge-interrupt.ts";
import { find } from "../properties/laws/requests.ts";
import type { PageResponse, TranslationAnswer } from "./implementation.ts";
import { requesterOf } from "./machine.ts";

/** A message as both sides write it. */
export const messageText = (address: bigint, data: bigint): string =>
  `${hex(address)} with ${hex(data)}`;

/** The same of a message of the target's. */
export const textOfMessage = ({ address, data }: Message): string =>
  messageText(address, BigInt(data));

/** The answer to a group of page requests as both sides write it. */
export function responseText({ source, group, pasid, code }: PageResponse): string {
  const by = pasid === undefined ? "" : ` with PASID ${hex(pasid)}`;
  return `group ${group} of ${formatSourceId(source)}${by}: ${code}`;
}

/** The answers to groups of page requests that a step should lead to. */
export const responsesOf = (facts: readonly Fact[]): readonly string[] =>
  facts.flatMap((fact) => {
    if (fact.type !== "PageGroupAnswered") return [];
    const { device, group, pasid, response: code } = fact;
    const source = requesterOf(device);
    return responseText({ source, group, code, ...(pasid === undefined ? {} : { pasid }) });
  });

/** What a translation request was granted, as both sides write it. */
export function grantedText({ at, read, write, fault }: TranslationAnswer): string {
  if (fault !== undefined) return `fault ${hex(fault)}`;
  const rights = `${read ? "r" : ""}${write ? "w" : ""}`;
  return at === undefined || rights === "" ? "nothing" : `page ${hex(pageOf(at))} ${rights}`;
}

/** The same of what the model grants; nothing where it was no translation request. */
export function modelGrant(facts: readonly Fact[]): string | undefined {
  const answered = find(facts, "TranslationAnswered");
  const blocked = find(facts, "TranslationBlocked");
  if (answered === undefined && blocked === undefined) return undefined;
  const { gpa: at, read = false, write = false } = answered ?? {};
  const fault = blocked?.reason === undefined ? {} : { fault: blocked.reason };
  return grantedText({ ...(at === undefined ? {} : { at }), read, write, ...fault });
}

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
