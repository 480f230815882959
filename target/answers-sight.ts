import type { Input } from "../events/input.ts";
import { answerOf } from "./answer.ts";
import { Misbehaviour } from "./connection/connection.ts";
import { FieldError, shown } from "./fields.ts";
import type { Answers, DmaAnswer, Operation, Request, TargetMessage } from "./implementation.ts";
import { grantedText, messageText, responseText } from "./message.ts";
import type { Asked } from "./requests.ts";
import { requestOf } from "./requests.ts";
import type { Observed, Seen, Sight, Steps } from "./sight.ts";

/** Reads the answer to a request. @throws Misbehaviour when it is none. */
export function read<O extends Operation>(op: O, value: unknown, index: number): Answers[O] {
  try {
    return answerOf(op, value);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new Misbehaviour(`its answer to ${op} ${error.message}`, index);
  }
}

const nothing: Observed = {
  ...{ translated: undefined, mask: 0xfffn, fault: undefined, suppressed: false },
  ...{ events: [], message: undefined },
};

const eventsOf = (messages: readonly TargetMessage[] = []): readonly string[] =>
  messages.map(({ address, data }) => messageText(address, BigInt(data)));

/** What an answer to a DMA says. @throws Misbehaviour when that is not enough, or too much. */
function dmaOutcome(answer: DmaAnswer, { length, access }: DmaAsked, index: number) {
  const { at, size = 0x1000n, fault, suppressed = false, blocked = false, bytes } = answer;
  const wrong = (text: string): never => {
    throw new Misbehaviour(`its answer to dma ${text}`, index);
  };
  const said = [at !== undefined, fault !== undefined, blocked].filter(Boolean).length;
  if (said === 0) wrong("says neither where it went nor its fault");
  if (said > 1) wrong("says two of where it went, a fault, and that it was blocked without one");
  if (suppressed && fault === undefined) wrong("suppresses a fault that it does not name");
  if ((size & (size - 1n)) !== 0n || size < 0x1000n) wrong(`has the size ${shown(size)}`);
  const isRead = access === "read" && at !== undefined;
  if (isRead && bytes?.length !== length) {
    wrong(`has ${(bytes?.length ?? 0).toString()} bytes where ${length.toString()} were read`);
  }
  const reported = suppressed ? undefined : fault;
  const silent = suppressed && fault !== undefined ? { suppressedReason: fault } : {};
  const kept = blocked ? { isKeptAway: true } : {};
  const place = { translated: at, mask: size - 1n };
  const observed = { ...nothing, ...place, fault: reported, suppressed, ...silent, ...kept };
  return { observed, ...(isRead && bytes !== undefined ? { data: bytes } : {}) };
}

type DmaAsked = Extract<Request, { readonly op: "dma" }>;

/** What one step came to, without the registers. */
function outcomeOf(input: Input, value: unknown, index: number) {
  const request = requestOf(input);
  if (request === undefined) return { observed: nothing, trace: [] };
  const answer = read(request.op, value, index);
  const { messages, responses = [], note } = besidesOf(answer);
  const said = { events: eventsOf(messages), responses: responses.map(responseText) };
  const trace = note === undefined ? [] : note.split("\n");
  if (request.op === "dma") {
    const { observed, ...data } = dmaOutcome(answer as DmaAnswer, request, index);
    return { observed: { ...observed, ...said }, trace, ...data };
  }
  if (request.op === "interrupt") {
    const { address, data } = answer as Answers["interrupt"];
    const isSent = address !== undefined && data !== undefined;
    const message = isSent ? { address, data } : undefined;
    return { observed: { ...nothing, ...said, message }, trace };
  }
  if (request.op === "translate") {
    const granted = grantedText(answer as Answers["translate"]);
    return { observed: { ...nothing, ...said, granted }, trace };
  }
  return { observed: { ...nothing, ...said }, trace };
}

const besidesOf = (answer: Answers[Operation]) => answer as Answers["reset"];

/** The bytes that a read was answered with. @throws Misbehaviour when they are too few. */
export function bytesOf(request: Request | undefined, value: unknown, index: number): Uint8Array {
  const op = request?.op === "readMemory" ? "readMemory" : "readRegisters";
  const { bytes } = read(op, value, index);
  const length = request !== undefined && "length" in request ? request.length : 0;
  if (bytes.length === length) return bytes;
  const text = `its answer to ${op} has ${bytes.length.toString()} bytes, not ${length.toString()}`;
  throw new Misbehaviour(text, index);
}

/** What a target did with a program, from its answers. */
export function sightOf(
  steps: Steps,
  { requests, places, start, memory }: Asked,
  all: Values,
): Sight {
  const bytes = (index: number): Uint8Array => bytesOf(requests[index], all[index], index);
  read("reset", all[0], 0);
  let registers = bytes(start);
  const seen = steps.map((input, step): Seen => {
    const place = places[step];
    const outcome = outcomeOf(input, all[place?.own ?? 0], place?.own ?? 0);
    if (place?.registers !== undefined) registers = bytes(place.registers);
    return { registers, isTraced: true, tellsSuppressed: true, ...outcome };
  });
  const parts = requests.slice(memory).map((request, index) => {
    const at = request.op === "readMemory" ? Number(request.address) : 0;
    return { at, bytes: bytes(memory + index) };
  });
  return { seen, lateData: new Map(), memory: parts };
}

type Values = readonly unknown[];
