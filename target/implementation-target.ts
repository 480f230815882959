import type { Input } from "../events/input.ts";
import type { Profile, ProfileWords } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import { registersOf } from "../projections/registers/registers.ts";
import { AnswerError, answerOf, shown } from "./answer.ts";
import type { Connection } from "./connection/connection.ts";
import { Misbehaviour } from "./connection/connection.ts";
import type {
  Ability,
  Answers,
  DmaAnswer,
  Hello,
  Operation,
  Request,
  TargetMessage,
} from "./implementation.ts";
import { protocolVersion } from "./implementation.ts";
import { grantedText, messageText, responseText } from "./message.ts";
import { ProgramError } from "./process.ts";
import type { Asked } from "./requests.ts";
import { askedOf, requestOf } from "./requests.ts";
import type { Observed, Seen, Sight, Steps } from "./sight.ts";
import type { Target, TargetPlan } from "./target.ts";

/** Reads the answer to a request. @throws Misbehaviour when it is none. */
function read<O extends Operation>(op: O, value: unknown, index: number): Answers[O] {
  try {
    return answerOf(op, value);
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
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
  const { at, size = 0x1000n, fault, suppressed = false, bytes } = answer;
  const wrong = (text: string): never => {
    throw new Misbehaviour(`its answer to dma ${text}`, index);
  };
  if (at === undefined && fault === undefined) wrong("says neither where it went nor its fault");
  if (at !== undefined && fault !== undefined) wrong("says both where it went and a fault");
  if (suppressed && fault === undefined) wrong("suppresses a fault that it does not name");
  if ((size & (size - 1n)) !== 0n || size < 0x1000n) wrong(`has the size ${shown(size)}`);
  const isRead = access === "read" && at !== undefined;
  if (isRead && bytes?.length !== length) {
    wrong(`has ${(bytes?.length ?? 0).toString()} bytes where ${length.toString()} were read`);
  }
  const reported = suppressed ? undefined : fault;
  const observed = { ...nothing, translated: at, mask: size - 1n, fault: reported, suppressed };
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
function bytesOf(request: Request | undefined, value: unknown, index: number): Uint8Array {
  const op = request?.op === "readMemory" ? "readMemory" : "readRegisters";
  const { bytes } = read(op, value, index);
  const length = request !== undefined && "length" in request ? request.length : 0;
  if (bytes.length === length) return bytes;
  const text = `its answer to ${op} has ${bytes.length.toString()} bytes, not ${length.toString()}`;
  throw new Misbehaviour(text, index);
}

/** What a target did with a program, from its answers. */
function sightOf(steps: Steps, { requests, places, start, memory }: Asked, all: Values): Sight {
  const bytes = (index: number): Uint8Array => bytesOf(requests[index], all[index], index);
  read("reset", all[0], 0);
  let registers = bytes(start);
  const seen = steps.map((input, step): Seen => {
    const place = places[step];
    const outcome = outcomeOf(input, all[place?.own ?? 0], place?.own ?? 0);
    if (place?.registers !== undefined) registers = bytes(place.registers);
    return { registers, isTraced: true, ...outcome };
  });
  const parts = requests.slice(memory).map((request, index) => {
    const at = request.op === "readMemory" ? Number(request.address) : 0;
    return { at, bytes: bytes(memory + index) };
  });
  return { seen, lateData: new Map(), memory: parts };
}

type Values = readonly unknown[];

/** The step that a request belongs to: the first one whose read of registers comes after it. */
function stepOf({ places }: Asked, index: number): number {
  const step = places.findLastIndex(({ own }) => own <= index);
  return Math.max(0, step);
}

/** What a unit has to have for what it says that it can do. */
const needs: Readonly<Record<Ability, (unit: Profile) => boolean>> = {
  interrupts: () => true,
  pasid: ({ pasid }) => pasid,
  ats: ({ deviceTlb }) => deviceTlb,
  pageRequests: ({ pageRequests }) => pageRequests,
};

/** The unit that a target is to be. @throws ProgramError when no unit can be so. */
function unitOf(words: ProfileWords): Profile {
  try {
    return profileOf(words);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new ProgramError(`is a unit that cannot be: ${error.message}`);
  }
}

/** @throws ProgramError when what a target says of itself cannot be. */
function checkHello({ version, can = [] }: Hello, unit: Profile): void {
  if (version !== protocolVersion) {
    const own = protocolVersion.toString();
    throw new ProgramError(`speaks version ${version.toString()} of the protocol, not ${own}`);
  }
  const lacking = can.find((each) => !needs[each](unit));
  if (lacking === undefined) return;
  throw new ProgramError(`says that it can do ${lacking}, and its ECAP says that it cannot`);
}

/** What reads all registers of a unit. */
export const everyRegister = (unit: Profile): Request => {
  const ends = registersOf(unit).specs.map(({ offset, bytes }) => offset + bytes);
  return { op: "readRegisters", offset: 0, length: Math.min(4096, Math.max(...ends)) };
};

/** @throws ProgramError when a unit does not show the capabilities that it was made with. */
function checkWords(registers: Uint8Array, unit: Profile): void {
  const view = new DataView(registers.buffer, registers.byteOffset);
  const found = {
    ver: BigInt(view.getUint32(0, true)),
    cap: view.getBigUint64(8, true),
    ecap: view.getBigUint64(16, true),
  };
  for (const name of ["ver", "cap", "ecap"] as const) {
    if (found[name] === unit[name]) continue;
    const shows = `shows ${name.toUpperCase()} ${shown(found[name])}`;
    throw new ProgramError(`${shows} where it has to be ${shown(unit[name])}`);
  }
}

/** How to reach a target, and what it is to be. */
export interface Reaching {
  readonly name: string;
  readonly lanes: number;
  readonly connect: (isHurried: boolean) => Promise<Connection>;
  /** Its capabilities; those that it names itself when missing. */
  readonly words?: ProfileWords;
}

async function begin(connection: Connection, { words }: Reaching): Promise<Target> {
  const [value] = await connection.exchange([{ op: "hello", version: protocolVersion }]);
  const hello = read("hello", value, 0);
  const unit = unitOf(words ?? { name: hello.name, ...wordsOf(hello) });
  checkHello(hello, unit);
  const reset: Request = { op: "reset", ...wordsOf(unit) };
  const registers = everyRegister(unit);
  const [done, shownFirst] = await connection.exchange([reset, registers]);
  read("reset", done, 0);
  checkWords(bytesOf(registers, shownFirst, 1), unit);
  return {
    words: { name: unit.name, ...wordsOf(unit) },
    can: new Set(hello.can ?? []),
    perform: async (steps) => {
      const asked = askedOf(steps, reset, registers);
      try {
        return sightOf(steps, asked, await connection.exchange(asked.requests));
      } catch (error) {
        if (!(error instanceof Misbehaviour)) throw error;
        throw new Misbehaviour(error.message, stepOf(asked, error.index));
      }
    },
    stop: connection.stop,
  };
}

const wordsOf = ({ ver, cap, ecap }: Hello | Profile) => ({ ver, cap, ecap });

/** Puts the name of a target before what it did wrong. */
async function named<T>(work: Promise<T>, name: string, connection: Connection): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const known = await connection.explain(error);
    const text = `${name}: ${known.message}`;
    throw known instanceof Misbehaviour
      ? new Misbehaviour(text, known.index)
      : new ProgramError(text);
  }
}

/** A target that answers requests. */
export const implementationPlan = (reaching: Reaching): TargetPlan => ({
  name: reaching.name,
  lanes: reaching.lanes,
  fit: (inputs) => inputs.filter((input) => requestOf(input) !== undefined),
  start: async (isHurried = false) => {
    const { name } = reaching;
    const connection = await reaching.connect(isHurried).catch((error: unknown) => {
      throw error instanceof ProgramError ? new ProgramError(`${name}: ${error.message}`) : error;
    });
    try {
      const target = await named(begin(connection, reaching), name, connection);
      const perform = (steps: Steps) => named(target.perform(steps), name, connection);
      return { ...target, perform };
    } catch (error) {
      await connection.stop();
      throw error;
    }
  },
});
