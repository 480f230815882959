import { hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { Guest } from "../../projections/guest.ts";
import { asWalksSeeIt } from "../../projections/memory/sight.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import { byteIn, pageAt } from "../../tables/memory.ts";
import type { FirstExpected } from "../oracle/table-answers.ts";
import type { Count, Law } from "./law.ts";
import { sightOf } from "./probes.ts";
import { isRequest } from "./request-keys.ts";
import { find } from "./requests.ts";
import type { Run } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** Accessed, dirty, extended accessed. */
const bits = (1n << 5n) | (1n << 6n) | (1n << 10n);

const wordOf = (bytes: Uint8Array): bigint =>
  [...bytes].reduceRight((word, byte) => word * 256n + BigInt(byte), 0n);

/** The word that the unit sees in memory. */
function wordAt(guest: Guest, gpa: bigint): bigint {
  const page = pageAt(asWalksSeeIt(guest, guest.memory), Number(gpa >> 12n));
  const offset = Number(gpa & 0xfffn);
  return wordOf(Uint8Array.from({ length: 8 }, (_, at) => byteIn(page, offset + at)));
}

/** Why a write for a request is not one of accessed and dirty bits, or nothing. */
function checkWrite(guest: Guest, { gpa, bytes }: FactOf<"MemoryWritten">): string | undefined {
  if (bytes.length !== 8 || gpa % 8n !== 0n) return "is no write of a whole entry";
  const [was, now] = [wordAt(guest, gpa), wordOf(bytes)];
  if (was === now) return "changes nothing";
  const set = now & ~was;
  return (was & ~now) !== 0n || (set & ~bits) !== 0n ? "changes more than those bits" : undefined;
}

type Write = readonly [gpa: bigint, value: bigint];

const textOf = ([gpa, value]: Write): string => `${hex(value)} at ${hex(gpa)}`;

/**
 * The updates that no cached entry saves: those below the lowest upper entry that may be cached.
 */
function required({ updates, words, levels, lowest, cached }: FirstExpected): readonly Write[] {
  if (cached) return [];
  return updates.filter(([gpa]) => {
    const level = levels - words.findIndex(([at]) => at === gpa);
    return level < lowest;
  });
}

/** Why the writes of a walk are not those that it must make, or nothing. */
function checkWrites(walk: FirstExpected, writes: readonly Write[]): string | undefined {
  const found = writes.map(textOf);
  const wanted = walk.updates.map(textOf);
  let from = 0;
  for (const text of found) {
    const at = wanted.indexOf(text, from);
    if (at < 0) return `${text} is written, not ${wanted.slice(from).join(", ") || "nothing"}`;
    from = at + 1;
  }
  const missing = required(walk).find((write) => !found.includes(textOf(write)));
  return missing === undefined ? undefined : `${textOf(missing)} is not written`;
}

const dirty = 1n << 6n;

/** Whether a translation request says that nothing will be written, to a unit that heeds it. */
const writesNothing = (guest: Guest, input: Input): boolean =>
  input.type === "AtsRequest" && input.access === "read" && hasNoWriteFlag(guest);

/** ECAP.NWFS. */
const hasNoWriteFlag = (guest: Guest): boolean => ((readBytes(guest, 0x10, 8) >> 33n) & 1n) === 1n;

/** Violations of the shape of single writes. */
function strayWrite(run: Run, count: Count) {
  for (const { fact, step, before, seq } of momentsOf(run)) {
    if (fact?.type !== "MemoryWritten") continue;
    if (!isRequest(step.input) && step.input.type !== "AtsRequest") continue;
    const guest = before.guests[guestIndex(fact)];
    if (guest === undefined || find(step.facts, "InterruptRequested")) continue;
    const wrong = checkWrite(guest, fact);
    if (wrong !== undefined) return { law: "AD1", seq, text: `${hex(fact.gpa)}: ${wrong}` };
    if (!writesNothing(guest, step.input)) continue;
    count("no write asked");
    if ((wordOf(fact.bytes) & ~wordAt(guest, fact.gpa) & dirty) === 0n) continue;
    return { law: "AD1", seq, text: `${hex(fact.gpa)}: is dirty, and nothing is to be written` };
  }
  return undefined;
}

export const bitsAreSet: Law = {
  id: "AD1",
  says:
    "A request that walks a first stage sets the accessed and dirty bits of the entries that it " +
    "passes, in order, and writes nothing else.",
  sometimes: ["accessed", "dirty", "saved by a cache", "before a fault", "no write asked"],
  check(run, count) {
    const stray = strayWrite(run, count);
    if (stray !== undefined) return stray;
    const { asked } = sightOf(run);
    for (const { seq, facts } of run.steps) {
      const probe = asked.get(seq);
      if (probe === undefined || probe.expected.pending) continue;
      const { first } = probe.expected;
      const done = find(facts, "DmaTranslated") ?? find(facts, "DmaBlocked");
      if (done === undefined) continue;
      if ("host" in done && done.host !== undefined && done.host !== "hole") continue;
      const writes = facts.flatMap((fact): Write[] =>
        fact.type === "MemoryWritten" ? [[fact.gpa, wordOf(fact.bytes)]] : [],
      );
      const [write] = writes;
      const walk = first?.[done.access];
      if (walk === undefined && write !== undefined) {
        return { law: "AD1", seq, text: `${textOf(write)} is written without a first stage` };
      }
      if (walk === undefined) continue;
      // A walk from a cached table may pass where one from the top is stopped.
      if (walk.outcome.kind === "fault" && walk.lowest <= walk.levels) continue;
      const wrong = checkWrites(walk, writes);
      if (wrong !== undefined) return { law: "AD1", seq, text: wrong };
      if (writes.length > 0) count(done.access === "write" ? "dirty" : "accessed");
      if (writes.length < walk.updates.length) count("saved by a cache");
      if (writes.length > 0 && "reason" in done && done.reason !== undefined)
        count("before a fault");
    }
    return undefined;
  },
};
