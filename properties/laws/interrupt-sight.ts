import type { Step } from "../../history/step.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { InterruptUnit, Verdict, Wire } from "../oracle/interrupt.ts";
import { expectedInterrupt, expectedPost, indexOf, reachesTable } from "../oracle/interrupt.ts";
import type { InterruptHistory } from "../oracle/interrupt-history.ts";
import {
  entryNow,
  entryUsed,
  followInterrupts,
  newInterruptHistory,
  sampleEntries,
} from "../oracle/interrupt-history.ts";
import { cpuReads, iommuReads64 } from "../oracle/memory.ts";
import { observe } from "../oracle/observe.ts";
import type { World } from "../oracle/oracle.ts";
import { createOracle } from "../oracle/oracle.ts";
import { grantOf } from "../oracle/p2m.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** One interrupt request of a run, and what the oracle expects of it. */
export interface Asked {
  readonly step: Step;
  readonly guest: number;
  readonly wire: Wire;
  readonly sid: number | undefined;
  readonly unit: InterruptUnit;
  /** By the entry that a unit with the worst cache still uses. */
  readonly expected: Verdict;
  /** By the entry as memory has it. */
  readonly fresh: Verdict;
  /** By each that the entry has been since the last invalidation that covers it. */
  readonly allowed: readonly Verdict[];
  /** The descriptor of a posted interrupt before it; `undefined` when it cannot be updated. */
  readonly descriptor: bigint | undefined;
}

type Request = Pick<Asked, "wire" | "sid">;

/** The interrupt request that a step is, if it is one that is not to be refused. */
function requestIn({ input, facts, before }: Step): Request | undefined {
  const requested = facts.find((fact) => fact.type === "InterruptRequested");
  if (requested?.type === "InterruptRequested") {
    const { address, data, device } = requested;
    return { wire: { address, data }, sid: device };
  }
  if (input.type === "IoapicRequest") {
    if (((input.rte >> 16n) & 1n) === 1n) return undefined;
    return { wire: { rte: input.rte }, sid: input.device };
  }
  if (input.type !== "MsiRequest" || input.address === undefined) return undefined;
  if (((input.address >> 20n) & 0xfffn) !== 0xfeen) return undefined;
  const { device, address, data } = input;
  const known = device === undefined ? undefined : before.guests[input.guest ?? 0];
  const sid = device === undefined ? undefined : deviceAt(known, device)?.requester;
  return { wire: { address, data }, sid: sid ?? device };
}

/** The 64 bytes at a GPA as one number, where they can be read and written by a locked update. */
function descriptorAt({ memory }: World, gpa: bigint): bigint | undefined {
  const grant = grantOf(memory.p2m, Number(gpa >> 12n));
  const bytes = grant?.write === true ? cpuReads(memory, gpa, 64) : undefined;
  return bytes?.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);
}

/** A verdict once the descriptor that it would post to has been looked at. */
function settled(world: World, verdict: Verdict): Verdict {
  if (verdict.kind !== "posted") return verdict;
  const { index, fpd, vector, urgent } = verdict;
  const word = descriptorAt(world, verdict.descriptor);
  if (word === undefined) return { kind: "fault", reason: 0x27, index, fpd };
  if (expectedPost(word, vector, urgent)) return verdict;
  return { kind: "fault", reason: 0x28, index, fpd };
}

function ask(step: Step, request: Request, history: InterruptHistory, world: World): Asked {
  const { wire, sid } = request;
  const { unit, values, kept } = history;
  const read = (gpa: bigint) => iommuReads64(world.memory, gpa);
  const index = reachesTable(unit, wire);
  const now = index === undefined ? undefined : entryNow(history, read, index);
  const used = index === undefined ? undefined : (kept.get(index) ?? now);
  const said = index === undefined ? [undefined] : [...(values.get(index) ?? [now]), now];
  const verdictOf = (entry: bigint | undefined): Verdict =>
    settled(world, expectedInterrupt(unit, wire, sid, entry));
  const expected = verdictOf(used);
  const descriptor =
    expected.kind === "posted" ? descriptorAt(world, expected.descriptor) : undefined;
  if (index !== undefined) entryUsed(history, index, used);
  return {
    step,
    guest: guestIndex(step.input),
    ...request,
    unit: { ...unit },
    expected,
    fresh: verdictOf(now),
    allowed: said.map(verdictOf),
    descriptor,
  };
}

/** All indices that requests of a guest name. */
function indicesOf(run: Run, guest: number): ReadonlySet<number> {
  const requests = run.steps.filter(({ input }) => guestIndex(input) === guest).map(requestIn);
  const named = requests.flatMap((one) => (one === undefined ? [] : (indexOf(one.wire) ?? [])));
  return new Set(named);
}

/** A unit that was restored is as its record says; that it is right is another law's affair. */
function restored(history: InterruptHistory, guest: Guest | undefined): void {
  if (guest === undefined) return;
  const { interruptTable, interruptCache, charts, profile, compatibilityInterrupts } = guest;
  const { address, count, eime } = interruptTable;
  const size = count === 0 ? 0n : BigInt(Math.log2(count) - 1);
  history.unit = {
    cap: profile.cap,
    enabled: charts.remapping === "enabled",
    compatibility: compatibilityInterrupts,
    irta: address | size | (eime ? 0x800n : 0n),
  };
  history.kept.clear();
  radixForEach(interruptCache, 0, 0x1_0000, (index, { entry }) => {
    history.kept.set(index, entry);
    history.values.set(index, new Set([entry]));
  });
}

const known = new WeakMap<Run, readonly Asked[]>();

function look(run: Run): readonly Asked[] {
  const oracle = createOracle(run.setup);
  const histories = run.setup.guests.map((setup, index) =>
    newInterruptHistory(setup, indicesOf(run, index)),
  );
  const asked: Asked[] = [];
  for (const step of run.steps) {
    const index = guestIndex(step.input);
    const [world, history] = [oracle.worlds[index], histories[index]];
    const request = requestIn(step);
    if (world !== undefined && history !== undefined && request !== undefined) {
      asked.push(ask(step, request, history, world));
    }
    observe(oracle, step.input, step.facts);
    for (const fact of step.facts) {
      const about = histories[guestIndex(fact)];
      if (about === undefined) continue;
      followInterrupts(about, fact);
      if (fact.type === "UnitRestored") restored(about, step.after.guests[guestIndex(fact)]);
    }
    for (const [at, each] of oracle.worlds.entries()) {
      const about = histories[at];
      if (about) sampleEntries(about, (gpa) => iommuReads64(each.memory, gpa));
    }
  }
  return asked;
}

/** Every interrupt request of a run with what the oracle expects. Each run is seen once. */
export function interruptsOf(run: Run): readonly Asked[] {
  const made = known.get(run) ?? look(run);
  known.set(run, made);
  return made;
}
