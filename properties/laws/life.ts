import { hex } from "../../events/address.ts";
import type { FactOf, OperationResult } from "../../events/fact.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { Ecap } from "../../events/registers/capability.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Law } from "./law.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

/** What each posted version calls the type, and whether it has a length, a query, a destroy. */
const interfaces = {
  rfc1: { unitType: undefined, sized: true, queries: true, destroys: true },
  v2: { unitType: 1n, sized: true, queries: true, destroys: true },
  v3: { unitType: 0n, sized: false, queries: false, destroys: true },
  v4: { unitType: 0n, sized: false, queries: false, destroys: false },
} as const;

function createResult(input: InputOf<"UnitCreate">, haw: number, remaps: boolean): OperationResult {
  const { interface: version, unitType, base, length, caps } = input;
  const spec = version === undefined ? undefined : interfaces[version];
  const typed = spec ? unitType === spec.unitType : unitType === undefined || unitType === 0n;
  const sized = spec ? (length !== undefined) === spec.sized : true;
  const whole = length === undefined || (length > 0n && (length & 0xfffn) === 0n);
  const placed = (base & 0xfffn) === 0n && base < 1n << BigInt(haw);
  const capable = caps === 0n || (caps === 1n && remaps);
  return typed && sized && whole && placed && capable ? "0" : "-EINVAL";
}

/** What an operation must be answered; `undefined` where words of capabilities decide. */
function expectedResult(there: boolean, guest: Guest, input: Input): OperationResult | undefined {
  if (input.type === "UnitCreate") {
    if (there) return "-E2BIG";
    if ((input.ver ?? input.cap ?? input.ecap) !== undefined) return undefined;
    return createResult(input, guest.profile.haw, Ecap.decode(guest.offered.ecap).ir);
  }
  if (input.type === "UnitQuery") {
    const spec = input.interface === undefined ? undefined : interfaces[input.interface];
    if (spec?.queries === false) return "-ENOSYS";
    const { unitType } = input;
    const typed = spec ? unitType === spec.unitType : unitType === undefined || unitType === 0n;
    return typed ? "0" : "-EINVAL";
  }
  if (input.type !== "UnitDestroy") return undefined;
  if (input.interface === "v4") return "-ENOSYS";
  return there && (input.id ?? 0n) === 0n ? "0" : "-EINVAL";
}

/** Why an answer's number or capabilities are not what they must be, or nothing. */
function expectedWords(guest: Guest, answered: FactOf<"UnitOperationAnswered">) {
  const { operation, result, id, caps } = answered;
  const isDone = result === "0";
  if (id !== (isDone && operation === "create" ? 0 : undefined)) return `its number is ${id}`;
  const offered = Ecap.decode(guest.offered.ecap).ir ? 1n : 0n;
  const wanted = isDone && operation === "query" ? offered : undefined;
  return caps === wanted ? undefined : `its capabilities are ${caps}`;
}

/** Whether the register page is there and silent as it must be. */
function isSilent({ input, facts }: Step): boolean {
  if (input.type === "RegisterWrite") return facts.every(({ type }) => type === "InputRefused");
  if (input.type !== "RegisterRead") return true;
  return find(facts, "RegisterAnswered")?.value === (1n << BigInt(8 * input.size)) - 1n;
}

export const unitsComeAndGo: Law = {
  id: "LC1",
  says:
    "Operations on a unit are answered as the posted interface says, there is at most one, and " +
    "where there is none the bus answers ones.",
  sometimes: ["created", "destroyed", "refused", "second", "silent"],
  check(run, count) {
    const present = new Map<number, boolean>();
    for (const step of run.steps) {
      const { input, facts, before, after, seq } = step;
      const index = guestIndex(input);
      const guest = before.guests[index];
      if (guest === undefined) continue;
      const there = present.get(index) ?? true;
      const answered = find(facts, "UnitOperationAnswered");
      const expected = expectedResult(there, guest, input);
      if (expected !== undefined && answered?.result !== expected) {
        const text = `${input.type} is answered ${answered?.result ?? "nothing"}, not ${expected}`;
        return { law: "LC1", seq, text };
      }
      const said = answered && expectedWords(guest, answered);
      if (said !== undefined) return { law: "LC1", seq, text: `${input.type}: ${said}` };
      if (!there && !isSilent(step)) {
        return { law: "LC1", seq, text: `${input.type} reaches a unit that is not there` };
      }
      if (!there && /^Register/.test(input.type)) count("silent");
      if (expected === "-E2BIG") count("second");
      else if (expected !== undefined && expected !== "0") count("refused");
      if (answered?.result === "0" && answered.operation !== "query") {
        present.set(index, answered.operation === "create");
        count(answered.operation === "create" ? "created" : "destroyed");
      }
      const left = after.guests[index]?.shadows.byId.size ?? 0;
      if (present.get(index) === false && left > 0) {
        return { law: "LC1", seq, text: "a unit that is gone leaves a shadow" };
      }
    }
    return undefined;
  },
};

const [te, rtps, qie, ire, irtps, cfi] = [31n, 30n, 26n, 25n, 24n, 23n];

/** The bits of GSTS that a write to GCMD decides, for what the unit has. */
function decided({ profile }: Guest): readonly bigint[] {
  const bits = [te];
  if (profile.queued) bits.push(qie);
  if (profile.interruptRemapping) bits.push(ire, cfi);
  return bits;
}

const bitOf = (word: bigint, bit: bigint): bigint => (word >> bit) & 1n;

export const statusFollowsCommand: Law = {
  id: "GS1",
  says: "GSTS shows what GCMD asked for, or the write is refused.",
  sometimes: ["translation", "root pointer", "queue", "interrupt remapping", "compatibility"],
  check(run, count) {
    for (const { input, facts, before, after, seq } of run.steps) {
      if (input.type !== "RegisterWrite" || input.offset !== at.gcmd || input.size !== 4) continue;
      const [was, now] = [before.guests[guestIndex(input)], after.guests[guestIndex(input)]];
      if (was === undefined || now === undefined) continue;
      if (facts.some(({ type }) => type === "InputRefused")) continue;
      const [old, status] = [readBytes(was, at.gsts, 4), readBytes(now, at.gsts, 4)];
      const wrong = decided(was).filter((bit) => bitOf(status, bit) !== bitOf(input.value, bit));
      const pointers = was.profile.interruptRemapping ? [rtps, irtps] : [rtps];
      for (const bit of pointers) {
        if (bitOf(status, bit) !== (bitOf(old, bit) | bitOf(input.value, bit))) wrong.push(bit);
      }
      const names = ["translation", "root pointer", "queue", "interrupt remapping", "", ""];
      for (const [place, bit] of [te, rtps, qie, ire].entries()) {
        if (bitOf(old, bit) !== bitOf(status, bit)) count(names[place] ?? "");
      }
      if (bitOf(old, cfi) !== bitOf(status, cfi)) count("compatibility");
      if (wrong.length === 0) continue;
      const text = `GCMD ${hex(input.value)} leaves GSTS ${hex(status)}: bits ${wrong.join(", ")}`;
      return { law: "GS1", seq, text };
    }
    return undefined;
  },
};
