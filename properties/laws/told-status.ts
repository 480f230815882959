// Length: one table of facts and the status that they change, with what it is checked by.

import { hex } from "../../events/address.ts";
import type { Fact, FactOf, FactType } from "../../events/fact.ts";
import { faultRecordAt } from "../../events/registers/offset.ts";
import type { Count, Law } from "./law.ts";
import type { RegisterSight } from "./register-sight.ts";
import { onceFor, wordAt } from "./register-sight.ts";
import type { Moment } from "./run.ts";
import { momentsOf } from "./run.ts";

/** A bit of status by its name: the register's, and the bit's place in it. */
interface Bit {
  readonly name: string;
  readonly register: number;
  readonly bit: number;
}

const bitsOf = (register: number, bits: Readonly<Record<string, number>>): readonly Bit[] =>
  Object.entries(bits).map(([name, bit]) => ({ name, register, bit }));

/** GSTS, FSTS, PMEN, ICS, PRS and the control registers of the event lines. */
const watched: readonly Bit[] = [
  ...bitsOf(0x1c, { TES: 31, RTPS: 30, QIES: 26, IRES: 25, IRTPS: 24, CFIS: 23 }),
  ...bitsOf(0x34, { PFO: 0, IQE: 4, ICE: 5, ITE: 6 }),
  ...bitsOf(0x64, { PRS: 0 }),
  ...bitsOf(0x9c, { IWC: 0 }),
  ...bitsOf(0xdc, { PPR: 0, PRO: 1 }),
  // Of version 2.x.
  ...bitsOf(0x34, { PRO: 7 }),
  ...bitsOf(0x38, { "fault IP": 30 }),
  ...bitsOf(0xa0, { "invalidation IP": 30 }),
  ...bitsOf(0xe0, { "pageRequest IP": 30 }),
];

const registers = [...new Set(watched.map(({ register }) => register))];

/** How a fact changes status: these bits come to be set, or clear, and were not. */
interface Change {
  readonly to: "set" | "clear";
  readonly bits: readonly string[];
  /** Bits that may be as they are already. */
  readonly also?: readonly string[];
}

const sets = (...bits: readonly string[]): Change => ({ to: "set", bits });
const clears = (...bits: readonly string[]): Change => ({ to: "clear", bits });

const fixed: { readonly [T in FactType]?: Change } = {
  TranslationEnabled: sets("TES"),
  TranslationDisabled: clears("TES"),
  RootPointerLatched: { to: "set", bits: [], also: ["RTPS"] },
  InterruptTableLatched: { to: "set", bits: [], also: ["IRTPS"] },
  InterruptRemappingEnabled: sets("IRES"),
  InterruptRemappingDisabled: clears("IRES"),
  CompatibilityInterruptsAllowed: sets("CFIS"),
  CompatibilityInterruptsBlocked: clears("CFIS"),
  ProtectedMemoryEnabled: sets("PRS"),
  ProtectedMemoryDisabled: clears("PRS"),
  QueueEnabled: sets("QIES"),
  QueueDisabled: clears("QIES"),
  FaultOverflowed: sets("PFO"),
  OverflowCleared: clears("PFO"),
  CompletionCleared: clears("IWC"),
  CompletionFailed: { to: "set", bits: [], also: ["ICE"] },
  PageRequestQueued: { to: "set", bits: [], also: ["PPR"] },
  PageRequestsOverflowed: sets("PRO"),
  PageRequestsCleared: clears("PPR"),
  PageRequestOverflowCleared: clears("PRO"),
};

/** What a fact does to status, where it does something. */
function changeOf(fact: Fact): Change | undefined {
  switch (fact.type) {
    case "QueueHalted":
      return { to: "set", bits: [], also: [fact.error] };
    case "QueueErrorCleared":
      return clears(fact.error);
    case "EventPended":
      return sets(`${fact.line} IP`);
    case "EventUnpended":
      return clears(`${fact.line} IP`);
    case "WaitCompleted":
      return { to: "set", bits: [], also: fact.interrupt ? ["IWC"] : [] };
    case "RegisterSet":
      // A mask that goes takes what is pending along.
      return { to: "clear", bits: [], also: ["fault IP", "invalidation IP", "pageRequest IP"] };
    default:
      return fixed[fact.type];
  }
}

/** Facts after which registers hold what they held at another time. */
const renewing: ReadonlySet<string> = new Set([
  ...["UnitWasReset", "UnitRestored", "UnitCreated", "UnitDestroyed"],
]);

type Status = ReadonlySet<string>;

const statusOf = onceFor((guest): Status => {
  const words = new Map(registers.map((offset) => [offset, Number(wordAt(guest, offset, 4))]));
  const isSet = ({ register, bit }: Bit): boolean =>
    ((words.get(register) ?? 0) & (1 << bit)) !== 0;
  return new Set(watched.filter(isSet).map(({ name }) => name));
});

const none: Change = { to: "set", bits: [] };

/** What is wrong with what an event did to status, or nothing. */
function checkChange(was: Status, now: Status, { to, bits, also = [] }: Change) {
  const [from, into] = to === "set" ? [was, now] : [now, was];
  const missing = bits.find((name) => from.has(name) || !into.has(name));
  if (missing !== undefined) return `${missing} is not ${to} by it`;
  const later = also.find((name) => to === "set" && !now.has(name));
  if (later !== undefined) return `${later} is not set`;
  for (const { name } of watched) {
    if (was.has(name) === now.has(name)) continue;
    const isTold = [...bits, ...also].includes(name) && now.has(name) === (to === "set");
    if (!isTold) return `${name} changes with it`;
  }
  return undefined;
}

/** F of a fault record. */
const isFilled = (sight: RegisterSight, index: number): boolean =>
  wordAt(sight, faultRecordAt(sight.guest.profile, index) + 15, 1) >> 7n === 1n;

const kinds: Readonly<Record<string, bigint>> = { translation: 1n, translated: 2n };

/** A fault record as software must read it: 128 bits. */
function recordOf(fact: FactOf<"FaultRecorded">): bigint {
  const { page, source, reason, pasid, privileged, execute, request, access } = fact;
  const high =
    BigInt(source) |
    (privileged === true ? 1n << 29n : 0n) |
    (execute === true ? 1n << 30n : 0n) |
    (pasid === undefined ? 0n : (1n << 31n) | (BigInt(pasid) << 40n)) |
    (BigInt(reason) << 32n) |
    ((kinds[request ?? ""] ?? 0n) << 60n) |
    (request === "page" ? 1n << 28n : access === "read" ? 1n << 62n : 0n) |
    (1n << 63n);
  return (high << 64n) | page;
}

/** A record that a fact fills or frees was not so before, and says what the fact says. */
function checkRecord(was: RegisterSight, now: RegisterSight, fact: Fact): string | undefined {
  if (fact.type !== "FaultRecorded" && fact.type !== "FaultCleared") return undefined;
  const fills = fact.type === "FaultRecorded";
  if (isFilled(was, fact.index) === fills || isFilled(now, fact.index) !== fills) {
    return `record ${fact.index} is not ${fills ? "filled" : "freed"} by it`;
  }
  if (!fills) return undefined;
  const at = faultRecordAt(now.guest.profile, fact.index);
  const value = (wordAt(now, at + 8, 8) << 64n) | wordAt(now, at, 8);
  return value === recordOf(fact) ? undefined : `record ${fact.index} reads as ${hex(value)}`;
}

function check({ fact, step, read }: Moment, count: Count) {
  if (read === undefined) return undefined;
  const { was, now } = read;
  const change = fact && changeOf(fact);
  if (change === undefined && was === now) return undefined;
  if (fact !== undefined && renewing.has(fact.type)) return undefined;
  const [old, status] = [statusOf(was), statusOf(now)];
  const text = checkChange(old, status, change ?? none) ?? (fact && checkRecord(was, now, fact));
  if (text !== undefined) return `${fact?.type ?? step.input.type}: ${text}`;
  if (fact !== undefined && change !== undefined) count(fact.type);
  return undefined;
}

export const statusIsTold: Law = {
  id: "FT1",
  says:
    "A bit of status changes with the fact that says so and with nothing else, and each such " +
    "fact finds it otherwise.",
  sometimes: [
    ...Object.keys(fixed),
    "QueueHalted",
    "CompletionFailed",
    "QueueErrorCleared",
    "EventPended",
  ],
  check(run, count) {
    for (const moment of momentsOf(run)) {
      const text = check(moment, count);
      if (text !== undefined) return { law: "FT1", seq: moment.seq, text };
    }
    return undefined;
  },
};
