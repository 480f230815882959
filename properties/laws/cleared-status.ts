import type { Input } from "../../events/input.ts";
import type { Count, Law } from "./law.ts";
import type { RegisterSight } from "./register-sight.ts";
import { onceFor, wordAt } from "./register-sight.ts";
import type { Moment } from "./run.ts";
import { momentsOf } from "./run.ts";

/** A bit that the unit sets and software clears by writing 1. */
interface Status {
  readonly name: string;
  /** Offset of its register, and of the bit in it. */
  readonly register: number;
  readonly bit: number;
}

const fixed: readonly Status[] = [
  { name: "PFO", register: 0x34, bit: 0 },
  { name: "IQE", register: 0x34, bit: 4 },
  { name: "ICE", register: 0x34, bit: 5 },
  { name: "ITE", register: 0x34, bit: 6 },
  { name: "IWC", register: 0x9c, bit: 0 },
  { name: "PPR", register: 0xdc, bit: 0 },
  { name: "PRO", register: 0xdc, bit: 1 },
  // Of version 2.x.
  { name: "PRO", register: 0x34, bit: 7 },
];

/** Registers of 32 bits with such bits: FSTS, ICS and PRS. The fault records have 128 bits. */
const short = [0x34, 0x9c, 0xdc] as const;

/** What of FSTS follows the fault records: PPF and FRI. */
const following = 0xff02n;

/** By CAP, which says their place and number: F of every fault record. */
const made = new Map<bigint, readonly Status[]>();

function recordBits(guest: RegisterSight): readonly Status[] {
  const cap = wordAt(guest, 8, 8);
  const known = made.get(cap);
  if (known !== undefined) return known;
  const first = Number((cap >> 24n) & 0x3ffn) * 16;
  const count = Number((cap >> 40n) & 0xffn) + 1;
  const records = Array.from({ length: count }, (_, index) => ({
    ...{ name: `record ${index}`, register: first + 16 * index, bit: 127 },
  }));
  made.set(cap, records);
  return records;
}

/** What software reads, by offset; of FSTS without what follows the records. */
const wordsOf = onceFor((guest): ReadonlyMap<number, bigint> => {
  const words = new Map<number, bigint>();
  for (const offset of short) words.set(offset, wordAt(guest, offset, 4));
  for (const { register } of recordBits(guest)) {
    words.set(register, wordAt(guest, register, 16));
  }
  words.set(0x34, (words.get(0x34) ?? 0n) & ~following);
  return words;
});

const isSetIn = (words: ReadonlyMap<number, bigint>, { register, bit }: Status): boolean =>
  (((words.get(register) ?? 0n) >> BigInt(bit)) & 1n) === 1n;

/** Every status bit that is set. */
const setIn = onceFor((guest): ReadonlySet<Status> => {
  const words = wordsOf(guest);
  return new Set([...fixed, ...recordBits(guest)].filter((status) => isSetIn(words, status)));
});

/** Whether a write puts 1 into a bit. */
function isAsked(input: Input, { register, bit }: Status): boolean {
  if (input.type !== "RegisterWrite") return false;
  const place = 8 * (register - input.offset) + bit;
  return place >= 0 && place < 8 * input.size && ((input.value >> BigInt(place)) & 1n) === 1n;
}

/** Facts after which registers hold what they held at another time. */
const renewing: ReadonlySet<string> = new Set([
  ...["UnitWasReset", "UnitRestored", "UnitCreated", "UnitDestroyed"],
]);

/** One input, followed from event to event. */
interface Asked {
  readonly input: Input;
  /** What the input asks to clear that was set. */
  readonly wanted: readonly Status[];
  readonly gone: Set<string>;
}

function askedBy(input: Input, guest: RegisterSight): Asked {
  const gone = new Set<string>();
  if (input.type !== "RegisterWrite") return { input, wanted: [], gone };
  return { input, wanted: [...setIn(guest)].filter((status) => isAsked(input, status)), gone };
}

interface Guests {
  readonly was: RegisterSight;
  readonly now: RegisterSight;
}

/** What one event clears must have been asked for, and go alone. */
function checkEvent({ input, gone }: Asked, guests: Guests, count: Count): string | undefined {
  if (guests.was === guests.now) return undefined;
  const records = recordBits(guests.was);
  const [was, now] = [wordsOf(guests.was), wordsOf(guests.now)];
  const [old, left] = [setIn(guests.was), setIn(guests.now)];
  const anyRecord = records.some((status) => left.has(status));
  if (((wordAt(guests.now, 0x34, 4) >> 1n) & 1n) !== (anyRecord ? 1n : 0n)) return "PPF is wrong";
  const [cleared, ...more] = [...old].filter((status) => !left.has(status));
  if (cleared === undefined) return undefined;
  const { name, register, bit } = cleared;
  if (more.length > 0) return `${name} and ${more[0]?.name} go at once`;
  if (!isAsked(input, cleared)) return `${name} is cleared unasked`;
  gone.add(name);
  const isRecord = bit === 127;
  const others = records.some((one) => one !== cleared && old.has(one));
  count(isRecord ? "record" : name);
  if (others) count(isRecord ? "record beside others" : "status beside records");
  const own = isRecord ? (1n << 128n) - 1n : 1n << BigInt(bit);
  const changed = [...was].find(([offset, word]) => {
    const mask = offset === register ? ~own : -1n;
    return (word & mask) !== ((now.get(offset) ?? 0n) & mask);
  });
  return changed && `clearing ${name} changes the register at ${changed[0].toString(16)}h`;
}

/** Follows one event. @returns what is wrong. */
function follow(asked: Asked, moment: Moment, guests: Guests, count: Count): string | undefined {
  const { fact, isLast } = moment;
  if (fact !== undefined && renewing.has(fact.type)) return undefined;
  const text = checkEvent(asked, guests, count);
  if (text !== undefined || !isLast) return text;
  if (asked.wanted.length > 1) count("several at once");
  const left = asked.wanted.find(({ name }) => !asked.gone.has(name));
  return left && `${left.name} is not cleared`;
}

export const statusIsCleared: Law = {
  id: "RG3",
  says:
    "A status bit, or a fault record, is cleared by writing 1 to it, alone, and by nothing else; " +
    "PPF is set while some record is.",
  sometimes: [
    ...fixed.map(({ name }) => name),
    ...["record", "record beside others", "status beside records", "several at once"],
  ],
  check(run, count) {
    let asked: Asked | undefined;
    for (const moment of momentsOf(run)) {
      const { read, was } = moment;
      if (read === undefined || was?.charts.life === "absent") continue;
      if (asked === undefined || moment.fact === undefined) {
        asked = askedBy(moment.step.input, read.was);
      }
      const text = follow(asked, moment, read, count);
      if (text !== undefined) return { law: "RG3", seq: moment.seq, text };
    }
    return undefined;
  },
};
