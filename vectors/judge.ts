import type { Implementation, Operation, Request } from "../target/implementation.ts";
import { grantedText, messageText, responseText } from "../target/message.ts";
import type { Expectation, VectorStep } from "./vector.ts";

type Answer = Expectation;

const list = (texts: readonly string[]): string => texts.join(", ") || "none";

/** What an answer says, in words that can be compared; nothing of bytes. */
function textsOf({ op }: Request, answer: Answer): Readonly<Record<string, string>> {
  const { messages = [], responses = [], at, fault, address, data } = answer;
  const said = {
    messages: list(messages.map((one) => messageText(one.address, BigInt(one.data)))),
    responses: list(responses.map((one) => responseText(one))),
  };
  const text = (value: number | bigint | undefined): string => value?.toString(16) ?? "none";
  const faults = { fault: text(fault) };
  if (op === "dma") {
    const { suppressed = false, blocked = false } = answer;
    const flags = { suppressed: suppressed.toString(), blocked: blocked.toString() };
    return { ...said, at: text(at), ...faults, ...flags };
  }
  if (op === "interrupt") {
    return { ...said, ...faults, address: text(address), data: text(data) };
  }
  return op === "translate" ? { ...said, granted: grantedText(answer) } : said;
}

const isMasked = (found: Uint8Array, wanted: Uint8Array, mask: Uint8Array | undefined): boolean =>
  found.length === wanted.length &&
  wanted.every((byte, index) => ((byte ^ (found[index] ?? 0)) & (mask?.[index] ?? 0xff)) === 0);

const digits = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/**
 * Whether an answer is the one that a vector has: plainly, by what the file says and nothing else.
 *
 * @returns what is wrong, in a few words; `undefined` when nothing is.
 */
export function wrongAnswer({ request, expect }: VectorStep, answer: Answer): string | undefined {
  const [found, wanted] = [textsOf(request, answer), textsOf(request, expect)];
  for (const [name, text] of Object.entries(wanted)) {
    if (found[name] !== text) return `${name} ${found[name] ?? ""}, expected ${text}`;
  }
  const { bytes, mask, or } = expect;
  if (bytes === undefined) return undefined;
  const got = answer.bytes ?? new Uint8Array();
  if (isMasked(got, bytes, mask) || (or !== undefined && isMasked(got, or, mask))) return undefined;
  return `bytes ${digits(got)}, expected ${digits(bytes)}`;
}

/** Asks an object of this process that answers at once. */
export function ask(target: Implementation, request: Request): Answer {
  const methods = target as Partial<Record<Operation, (request: Request) => Answer>>;
  return methods[request.op]?.(request) ?? {};
}

/** The first step that an object of this process answers wrongly, and how. */
export function firstWrong(
  target: Implementation,
  steps: readonly VectorStep[],
): { readonly index: number; readonly text: string } | undefined {
  for (const [index, step] of steps.entries()) {
    const text = wrongAnswer(step, ask(target, step.request));
    if (text !== undefined) return { index, text };
  }
  return undefined;
}
