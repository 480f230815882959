// Length: one table of every input and its answer, which is read as a whole.

import { hex } from "../../events/address.ts";
import type { Fact, FactType } from "../../events/fact.ts";
import type { Input, InputType } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { DeviceBook } from "./device-book.ts";
import { follow, givenAt, newDeviceBook } from "./device-book.ts";
import type { Count, Law } from "./law.ts";
import { guestIndex } from "./run.ts";
import { sameValue } from "./same.ts";

/** What an input is answered: one of some facts, that names of it what the input named. */
interface Answered {
  readonly by: readonly FactType[];
  /** Facts besides, each with the fields that it has from the input. */
  readonly also?: Readonly<{ [T in FactType]?: readonly string[] }>;
  /** Fields that the answer has from the input, as they are there. */
  readonly names: readonly string[];
  /** How a refusal of it begins. */
  readonly refusal: RegExp;
  /** Whether it may go without any of these. */
  readonly orNothing?: boolean;
}

const request = ["device", "iova", "access", "pasid", "privileged", "execute"] as const;
const pageRequest = [
  ...["device", "iova", "read", "write", "pasid", "privileged", "execute", "group", "last"],
] as const;
const landed = { DmaTranslated: ["tag", "translated", "bytes"], DmaLanded: ["device", "bytes"] };
const range = ["gpa", "length"] as const;
const operation = /^$/;
const dmaAnswers = ["DmaTranslated", "DmaBlocked", "InterruptRequested"] as const;
const interruptAnswers = ["InterruptDelivered", "InterruptPosted", "InterruptBlocked"] as const;

const answers: { readonly [T in InputType]?: Answered } = {
  RegisterRead: { by: ["RegisterAnswered"], names: ["offset", "size"], refusal: operation },
  Dma: { by: dmaAnswers, also: landed, names: request, refusal: /^DMA: [^!]+$/ },
  DmaIssue: {
    by: dmaAnswers,
    also: { DmaTranslated: landed.DmaTranslated },
    names: request,
    refusal: /^DMA: [^!]+$/,
  },
  DmaComplete: { by: ["DmaLanded"], names: ["tag"], refusal: /^[^!]+$/, orNothing: true },
  MsiRequest: { by: interruptAnswers, names: [], refusal: /^MSI: [^!]+$/ },
  IoapicRequest: { by: interruptAnswers, names: [], refusal: /^IOAPIC: [^!]+$/ },
  P2mMap: {
    by: ["P2mMapped"],
    names: [...range, "hpa", "pageSize", "read", "write"],
    refusal: /^P2M map: [^!]+$/,
  },
  P2mUnmap: { by: ["P2mUnmapped"], names: range, refusal: /^P2M unmap: [^!]+$/ },
  P2mProtect: {
    by: ["P2mProtected"],
    names: [...range, "read", "write"],
    refusal: /^P2M protect: [^!]+$/,
  },
  DeviceAssign: {
    by: ["DeviceAssigned"],
    names: ["device", "physical", "alias"],
    refusal: /^device assign: [^!]+$/,
  },
  DeviceRemove: { by: ["DeviceRemoved"], names: ["device"], refusal: /^device remove: [^!]+$/ },
  DeviceTlbAnswer: {
    by: ["DeviceTlbAnswered"],
    names: ["device", "result"],
    refusal: /^[^!]+$/,
    orNothing: true,
  },
  UnitReset: { by: ["UnitWasReset"], names: [], refusal: /^the guest has no unit$/ },
  UnitCreate: { by: ["UnitOperationAnswered"], names: [], refusal: operation },
  UnitQuery: { by: ["UnitOperationAnswered"], names: [], refusal: operation },
  UnitDestroy: { by: ["UnitOperationAnswered"], names: [], refusal: operation },
  UnitSave: { by: ["UnitSaved"], names: [], refusal: /^the guest has no unit$/ },
  UnitRestore: { by: ["UnitRestored"], names: ["record"], refusal: /^[^!]+$/ },
  DeviceTranslate: {
    by: ["DeviceTranslationAnswered"],
    names: ["device", "iova", "pasid", "privileged", "execute"],
    refusal: /^translate: [^!]+$/,
  },
  AtsRequest: {
    by: ["TranslationAnswered", "TranslationBlocked"],
    also: { TranslationBlocked: ["execute"] },
    names: ["device", "iova", "access", "pasid", "privileged"],
    refusal: /^translation request: [^!]+$/,
  },
  PageRequest: {
    by: ["PageRequestQueued", "PageRequestDropped"],
    also: { PageRequested: pageRequest },
    names: pageRequest,
    refusal: /^page request: [^!]+$/,
  },
  HostFault: {
    by: ["HostFaultRelayed"],
    names: ["device", "pasid", "iova", "access", "lost"],
    refusal: /^host fault: [^!]+$/,
  },
  HostCallFailed: {
    by: ["DeviceKeptOut"],
    names: ["pasid", "result"],
    refusal: /^host call failed: [^!]+$/,
    orNothing: true,
  },
  HostRelease: { by: ["DeviceLetIn"], names: ["pasid"], refusal: /^host release: [^!]+$/ },
};

type Fields = Readonly<Record<string, unknown>>;

/** A flag that is missing is not set; of a DMA nobody may have recorded which access it was. */
function isNamed(name: string, input: Fields, answer: Fields): boolean {
  if (!(name in input) && !(name in answer)) return true;
  if (name === "access" && input[name] === undefined) return true;
  // What is read has no bytes, whatever is said of them.
  if (name === "bytes" && input["access"] !== "write") return true;
  const plain = (value: unknown): unknown => (value === false ? undefined : value);
  return sameValue(plain(input[name]), plain(answer[name]));
}

/** Why what is told of an input is not one answer to it, or nothing. */
function checkAnswer({ input, facts }: Step, answered: Answered): string | undefined {
  const { by, also = {}, names, refusal, orNothing } = answered;
  const told = facts.filter(({ type }) => by.includes(type));
  const refused = facts.filter((fact) => fact.type === "InputRefused");
  const stray = refused.find(({ why }) => !refusal.test(why));
  if (stray !== undefined) return `it is refused with "${stray.why}"`;
  const [answer, ...more] = [...told, ...refused];
  if (answer === undefined) return orNothing === true ? undefined : "nothing answers it";
  if (more.length > 0) return "it is answered twice";
  if (answer.type === "InputRefused") {
    return facts.length === 1 ? undefined : "it is refused and has consequences";
  }
  if (answer.type === "InterruptRequested") return undefined;
  const asked = input as unknown as Fields;
  for (const fact of facts) {
    const from = [...(fact === answer ? names : []), ...(also[fact.type] ?? [])];
    const wrong = from.find((name) => !isNamed(name, asked, fact as unknown as Fields));
    if (wrong !== undefined) return `${fact.type} says another ${wrong}`;
  }
  return undefined;
}

/** Facts that say that a command was carried out, and the bit of GCMD that asks for it. */
const commands: readonly (readonly [FactType, bigint])[] = [
  ["RootPointerLatched", 30n],
  ["InterruptTableLatched", 24n],
  ["WriteBufferFlushed", 27n],
];

/** The bit of CAP or ECAP that a command needs, by what carries it out. */
function mayCommand({ before }: Step, input: Input, type: FactType): boolean {
  const guest = before.guests[guestIndex(input)];
  if (guest === undefined) return false;
  const bit = (offset: number, at: bigint): boolean =>
    ((readBytes(guest, offset, 8) >> at) & 1n) === 1n;
  if (type === "WriteBufferFlushed") return bit(8, 4n);
  return type === "RootPointerLatched" || bit(0x10, 3n);
}

/** The bits that a write puts into GCMD. */
function askedOf(input: Input): bigint {
  if (input.type !== "RegisterWrite") return 0n;
  const by = BigInt(8 * Math.abs(input.offset - 0x18));
  const value = BigInt.asUintN(8 * input.size, input.value);
  return BigInt.asUintN(32, input.offset < 0x18 ? value >> by : value << by);
}

/** Why a pointer was not latched as its register says, or nothing. */
function checkLatched({ input, before }: Step, fact: Fact): string | undefined {
  if (fact.type !== "RootPointerLatched" && fact.type !== "InterruptTableLatched") return undefined;
  const guest = before.guests[guestIndex(input)];
  // A write that goes on into RTADDR changes it after.
  if (guest === undefined) return undefined;
  const word = readBytes(guest, fact.type === "RootPointerLatched" ? 0x20 : 0xb8, 8);
  return fact.value === word ? undefined : `${hex(fact.value)} is latched, not ${hex(word)}`;
}

/** What GCMD commands at once is carried out once each time that it is asked for. */
function checkCommands(step: Step, count: Count): string | undefined {
  const { input, facts } = step;
  const asked = askedOf(input);
  const isThere = facts.length > 0 || asked !== 0n;
  for (const [type, bit] of isThere ? commands : []) {
    const wanted = ((asked >> bit) & 1n) === 1n && mayCommand(step, input, type) ? 1 : 0;
    const found = facts.reduce((sum, fact) => sum + (fact.type === type ? 1 : 0), 0);
    if (found !== wanted && !isSilent(step)) return `${type} comes ${found} times, not ${wanted}`;
    if (found > 0) count(type);
    const latched = facts.find((fact) => fact.type === type);
    const wrong = latched && checkLatched(step, latched);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Whether there is no unit, so that a write is refused as a whole. */
const isSilent = ({ facts }: Step): boolean => facts.some(({ type }) => type === "InputRefused");

/** The source-id by which an input's requests go, as set-up and assignments say. */
function senderIn({ input }: Step, book: DeviceBook): number | undefined {
  if (!("device" in input) || input.device === undefined) return undefined;
  if (input.type === "IoapicRequest") return input.device;
  return givenAt(book, guestIndex(input), input.device)?.requester ?? input.device;
}

/** Why a fact of an interrupt is not of who sent it, or nothing. */
function checkSender(step: Step, book: DeviceBook): string | undefined {
  const { input, facts } = step;
  const isInterrupt = /^(MsiRequest|IoapicRequest|Dma|DmaIssue)$/.test(input.type);
  for (const fact of isInterrupt ? facts : []) {
    const isOf = (interruptAnswers as readonly string[]).includes(fact.type);
    if (!isOf && fact.type !== "InterruptRequested") continue;
    const source = "device" in fact ? fact.device : "source" in fact ? fact.source : undefined;
    if (source !== senderIn(step, book)) return `${fact.type} is of another source-id`;
  }
  return undefined;
}

const reported: readonly FactType[] = [
  ...(["FaultRecorded", "FaultCollapsed", "FaultSuppressed", "FaultDropped"] as const),
];

/** Why a fault of the host's hardware is not whose it is said to be, or nothing. */
function checkRelayed({ facts }: Step): string | undefined {
  const relayed = facts.find((fact) => fact.type === "HostFaultRelayed");
  if (relayed === undefined) return undefined;
  const isGuests = facts.some(({ type }) => reported.includes(type));
  if ((relayed.to === "guest") === isGuests) return undefined;
  return `it is the ${relayed.to}'s, and the guest is ${isGuests ? "" : "not "}told of a fault`;
}

const isOutside = (fact: Fact, input: Input): boolean => guestIndex(fact) !== guestIndex(input);

export const inputsAreAnswered: Law = {
  id: "FT3",
  says:
    "What is told of an input answers it once, names what it named, and is of its guest; what is " +
    "refused has no consequences. A fault of the host's hardware is the guest's exactly where " +
    "the guest is told of one.",
  sometimes: [...Object.keys(answers), "refused", ...commands.map(([type]) => type)],
  check(run, count) {
    const book = newDeviceBook(run);
    for (const step of run.steps) {
      const { input, facts, seq } = step;
      const answered = answers[input.type];
      const violation = (text: string) => ({ law: "FT3", seq, text: `${input.type}: ${text}` });
      if (step.before.guests[guestIndex(input)] === undefined) continue;
      const stray = facts.find((fact) => isOutside(fact, input));
      if (stray !== undefined)
        return violation(`${stray.type} is of guest ${hex(guestIndex(stray))}`);
      const text =
        (answered && checkAnswer(step, answered)) ??
        checkCommands(step, count) ??
        checkRelayed(step) ??
        checkSender(step, book);
      follow(book, step);
      if (text !== undefined) return violation(text);
      if (facts[0]?.type === "InputRefused") count("refused");
      if (answered !== undefined) count(input.type);
    }
    return undefined;
  },
};
