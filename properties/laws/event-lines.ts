import { hex } from "../../events/address.ts";
import type { Fact, FactOf, OneFactOf } from "../../events/fact.ts";
import type { Count, Law } from "./law.ts";
import type { RegisterSight } from "./register-sight.ts";
import { onceFor, wordAt } from "./register-sight.ts";
import type { Moment } from "./run.ts";
import { momentsOf } from "./run.ts";

/** Where a line's status is, and its control register, which the three of its message follow. */
interface Line {
  readonly name: "fault" | "invalidation" | "pageRequest";
  readonly status: number;
  /** The bits of the status register that are conditions of the event. */
  readonly conditions: bigint;
  readonly control: number;
}

const lines: readonly Line[] = [
  { name: "fault", status: 0x34, conditions: 0xffn, control: 0x38 },
  { name: "invalidation", status: 0x9c, conditions: 1n, control: 0xa0 },
  { name: "pageRequest", status: 0xdc, conditions: 3n, control: 0xe0 },
];

/** What software reads of a line. */
interface Sight {
  readonly isSet: boolean;
  readonly isMasked: boolean;
  readonly isPending: boolean;
}

const bitOf = (word: bigint, bit: bigint): boolean => ((word >> bit) & 1n) === 1n;

function lineSight(guest: RegisterSight, { status, conditions, control }: Line): Sight {
  const word = wordAt(guest, control, 4);
  const isSet = (wordAt(guest, status, 4) & conditions) !== 0n;
  return { isSet, isMasked: bitOf(word, 31n), isPending: bitOf(word, 30n) };
}

const sightsOf = onceFor((guest) => lines.map((line) => lineSight(guest, line)));

const sightOf = (guest: RegisterSight, line: Line): Sight =>
  sightsOf(guest)[lines.indexOf(line)] as Sight;

const textOf = ({ data, address }: Pick<FactOf<"EventSent">, "data" | "address">): string =>
  `${hex(data)} to ${hex(address)}`;

/** The line's message, as its registers say. */
function messageOf(guest: RegisterSight, { control }: Line): string {
  const read = (offset: number): bigint => wordAt(guest, control + offset, 4);
  return textOf({ data: Number(read(4)), address: (read(12) << 32n) | read(8) });
}

/** Facts after which registers hold what they held at another time. */
const renewing: ReadonlySet<string> = new Set([
  ...["UnitWasReset", "UnitRestored", "UnitCreated", "UnitDestroyed"],
]);

/** A line from event to event: how many messages are owed that no fact told yet. */
interface Watched {
  readonly line: Line;
  owed: number;
}

type Told = OneFactOf<"EventSent" | "EventPended" | "EventUnpended">;

const telling: ReadonlySet<string> = new Set(["EventSent", "EventPended", "EventUnpended"]);

const isTold = (fact: Fact | undefined): fact is Told =>
  fact !== undefined && telling.has(fact.type);

/** Why a fact about a line does not fit what its registers say, or nothing. */
function checkTold(watched: Watched, fact: Told, guests: Guests, count: Count): string | undefined {
  const { line } = watched;
  const [was, now] = [sightOf(guests.was, line), sightOf(guests.now, line)];
  if (fact.type === "EventUnpended") {
    if (!was.isPending || now.isPending) return "nothing is withdrawn";
    count(`${line.name}: withdrawn`);
    return now.isSet ? "it is withdrawn while its status is set" : undefined;
  }
  if (watched.owed === 0) return "an event too many";
  watched.owed -= 1;
  if (fact.type === "EventPended") {
    count(`${line.name}: pended`);
    return now.isMasked && now.isPending ? undefined : "it is pended where IM and IP are not set";
  }
  if (now.isMasked || now.isPending) return "it is sent where IM or IP is set";
  const [wanted, found] = [messageOf(guests.was, line), textOf(fact)];
  count(`${line.name}: sent`);
  if (fact.address >> 32n !== 0n) count("to an upper address");
  return found === wanted ? undefined : `${found} is sent, not ${wanted}`;
}

interface Guests {
  readonly was: RegisterSight;
  readonly now: RegisterSight;
}

/** Any other event: a status that is set, or a mask that goes, owes a message. */
function checkQuiet(watched: Watched, guests: Guests, count: Count): string | undefined {
  const { line } = watched;
  const [was, now] = [sightOf(guests.was, line), sightOf(guests.now, line)];
  if (!was.isSet && now.isSet) watched.owed += 1;
  if (!was.isPending && now.isPending) return "IP is set by no event";
  if (!was.isPending || now.isPending) return undefined;
  if (!was.isMasked || now.isMasked) return "what is pending is lost";
  count(`${line.name}: unmasked`);
  watched.owed += 1;
  return undefined;
}

/** What must hold whenever the unit is done with an input. */
function checkRest(watched: Watched, guest: RegisterSight, count: Count): string | undefined {
  const { line } = watched;
  const { isSet, isMasked, isPending } = sightOf(guest, line);
  if (watched.owed > 0) return "an event is missing";
  if (!isPending) return undefined;
  count(`${line.name}: waits`);
  if (!isMasked) return "it is pending without a mask";
  return isSet ? undefined : "it is pending without status";
}

/** Follows one event of a guest. @returns what is wrong with a line. */
function follow(
  all: readonly Watched[],
  { fact, isLast }: Moment,
  guests: Guests,
  count: Count,
): string | undefined {
  const isRenewed = fact !== undefined && renewing.has(fact.type);
  const isQuiet = guests.was === guests.now;
  if (isQuiet && !isLast && !isRenewed && !isTold(fact)) return undefined;
  for (const watched of all) {
    const { name } = watched.line;
    let text: string | undefined;
    if (isRenewed) watched.owed = 0;
    else if (isTold(fact) && fact.line === name) text = checkTold(watched, fact, guests, count);
    else if (!isQuiet) text = checkQuiet(watched, guests, count);
    if (isLast) text ??= checkRest(watched, guests.now, count);
    if (text !== undefined) return `${name}: ${text}`;
  }
  return undefined;
}

export const eventsAreSent: Law = {
  id: "EV9",
  says:
    "An event arises once for each status that is set where none was, with the message of its " +
    "registers; masked it is pending until it is unmasked, and withdrawn with its status.",
  sometimes: [
    ...lines.flatMap(({ name }) =>
      ["sent", "pended", "unmasked", "withdrawn", "waits"].map((what) => `${name}: ${what}`),
    ),
    "to an upper address",
  ],
  check(run, count) {
    const guests = run.setup.guests.map(() => lines.map((line): Watched => ({ line, owed: 0 })));
    for (const moment of momentsOf(run)) {
      const { index, read } = moment;
      if (read === undefined) continue;
      const text = follow(guests[index] ?? [], moment, read, count);
      if (text !== undefined) return { law: "EV9", seq: moment.seq, text };
    }
    return undefined;
  },
};
