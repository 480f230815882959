import type { Fact } from "../../events/fact.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { InterruptUnit } from "./interrupt.ts";
import { hasReserved } from "./interrupt.ts";

/** Reads the word of 64 bits at an aligned GPA as the unit sees it, or `undefined`. */
export type Read = (gpa: bigint) => bigint | undefined;

/** What an entry has said; `undefined`: it could not be read. */
export type Entries = ReadonlySet<bigint | undefined>;

/** One unit's interrupt table, as its registers and its invalidations tell. It changes. */
export interface InterruptHistory {
  unit: { -readonly [K in keyof InterruptUnit]: InterruptUnit[K] };
  readonly watched: ReadonlySet<number>;
  /** By index, all that the entry has said since the last invalidation that covers it. */
  readonly values: Map<number, Set<bigint | undefined>>;
  /** By index, what was read for a request since then and may be kept. */
  readonly kept: Map<number, bigint>;
}

const resetUnit = (cap: bigint): InterruptHistory["unit"] => ({
  cap,
  enabled: false,
  compatibility: false,
  irta: 0n,
});

/** A unit at reset; `watched` are the indices that requests will name. */
export const newInterruptHistory = (
  setup: GuestSetup,
  watched: ReadonlySet<number>,
): InterruptHistory => ({
  unit: resetUnit(setup.cap),
  watched,
  values: new Map(),
  kept: new Map(),
});

/** The 128 bits of an entry as memory has them, or `undefined`. */
export function entryNow(history: InterruptHistory, read: Read, index: number): bigint | undefined {
  const at = (history.unit.irta & ~0xfffn) + BigInt(16 * index);
  const [low, high] = [read(at), read(at + 8n)];
  return low === undefined || high === undefined ? undefined : (high << 64n) | low;
}

/** Remembers what every watched entry says now. */
export function sampleEntries(history: InterruptHistory, read: Read): void {
  for (const index of history.watched) {
    const entry = entryNow(history, read, index);
    const values = history.values.get(index);
    if (values === undefined) history.values.set(index, new Set([entry]));
    else if (!values.has(entry)) values.add(entry);
  }
}

/** CAP.CM: entries that are not valid are kept too. */
const keeps = ({ unit }: InterruptHistory, entry: bigint): boolean =>
  ((unit.cap >> 7n) & 1n) === 1n || ((entry & 1n) === 1n && !hasReserved(unit, entry));

/** A request has met this entry. */
export function entryUsed(
  history: InterruptHistory,
  index: number,
  entry: bigint | undefined,
): void {
  if (entry !== undefined && keeps(history, entry)) history.kept.set(index, entry);
}

function forget(history: InterruptHistory, first = 0, count = 0x1_0000): void {
  for (const index of [...history.watched, ...history.kept.keys()]) {
    if (index < first || index >= first + count) continue;
    history.values.delete(index);
    history.kept.delete(index);
  }
}

/** Takes one thing that the unit did into account. @returns whether entries must be read again. */
export function followInterrupts(history: InterruptHistory, fact: Fact): boolean {
  const { unit } = history;
  switch (fact.type) {
    case "InterruptTableLatched":
      unit.irta = fact.value;
      if (((unit.cap >> 62n) & 1n) === 1n) forget(history);
      break;
    case "InterruptRemappingEnabled":
    case "InterruptRemappingDisabled":
      unit.enabled = fact.type === "InterruptRemappingEnabled";
      break;
    case "CompatibilityInterruptsAllowed":
    case "CompatibilityInterruptsBlocked":
      unit.compatibility = fact.type === "CompatibilityInterruptsAllowed";
      break;
    case "InterruptEntriesInvalidated":
      forget(history, fact.first, fact.first === undefined ? undefined : fact.count);
      break;
    case "UnitWasReset":
    case "UnitDestroyed":
    case "UnitCreated":
      history.unit = resetUnit(fact.type === "UnitCreated" ? fact.cap : unit.cap);
      forget(history);
      break;
    default:
      return false;
  }
  return true;
}
