import { hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { faultRecordAt } from "../../events/registers/offset.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { FaultState } from "../oracle/faults.ts";
import { afterClear } from "../oracle/faults.ts";
import type { RegisterRule } from "../oracle/registers.ts";
import { afterWrite, comparable, registerRules } from "../oracle/registers.ts";
import { comparableStatus, faultStateOf } from "./fault-reports.ts";
import type { Law } from "./law.ts";
import { guestIndex } from "./run.ts";

/** Bits whose rule is a matter of reading: a finer granularity of ranges; EIME without EIM. */
const open: Readonly<Record<string, bigint>> = {
  PLMBASE: 0x10_0000n,
  PLMLIMIT: 0x10_0000n,
  PHMBASE: 0x10_0000n,
  PHMLIMIT: 0x10_0000n,
  IRTA: 0x800n,
};

const judged = (rule: RegisterRule): RegisterRule => ({
  ...rule,
  own: rule.own | (open[rule.name] ?? 0n),
});

/** What the rules of one unit say, made once. */
interface Rules {
  readonly rules: readonly RegisterRule[];
  readonly mask: Uint8Array;
  /** The bytes of the page that may be compared. */
  readonly places: readonly number[];
  /** Pages of guests that were read already. */
  readonly pages: WeakMap<Guest, Uint8Array>;
}

const made = new WeakMap<Guest["profile"], Rules>();

function rulesOf(profile: Guest["profile"]): Rules {
  const known = made.get(profile);
  if (known !== undefined) return known;
  const { cap, ecap, haw } = profile;
  const rules = registerRules(cap, ecap, haw).map(judged);
  const mask = comparable(rules);
  const places = [...mask.keys()].filter((at) => mask[at] !== 0);
  const fresh = { rules, mask, places, pages: new WeakMap() };
  made.set(profile, fresh);
  return fresh;
}

/** The register page as software reads it, in the places that the rules are about. */
function pageOf(guest: Guest, { rules, pages }: Rules): Uint8Array {
  const known = pages.get(guest);
  if (known !== undefined) return known;
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  for (const { offset, bytes } of rules) {
    const value = readBytes(guest, offset, bytes);
    if (bytes === 8) view.setBigUint64(offset, value, true);
    else view.setUint32(offset, Number(value), true);
  }
  pages.set(guest, page);
  return page;
}

/** The registers in which a page is not as it must be. */
function differences(found: Uint8Array, wanted: Uint8Array, of: Rules): readonly string[] {
  const { rules, mask, places } = of;
  const differs = (at: number): boolean =>
    (((found[at] ?? 0) ^ (wanted[at] ?? 0)) & (mask[at] ?? 0)) !== 0;
  if (!places.some(differs)) return [];
  return rules
    .filter(({ offset, bytes }) =>
      Array.from({ length: bytes }, (_, index) => offset + index).some(differs),
    )
    .map(({ name }) => name);
}

/** What the unit does by itself in consequence of a write, and the registers that show it. */
const consequences: readonly (readonly [RegExp, RegExp])[] = [
  [/^(QueueHalted|CompletionFailed|QueueErrorCleared)$/, /^(FSTS|IQERCD)$/],
  [/^WaitCompleted$/, /^ICS$/],
  [/^Fault|^OverflowCleared$/, /^(FSTS|FRCD)/],
  [/^UnitWasReset$/, /./],
  [/^InputRefused$/, /^IQA$/],
];

const mayDiffer = (name: string, facts: readonly Fact[]): boolean =>
  consequences.some(
    ([type, names]) => names.test(name) && facts.some((fact) => type.test(fact.type)),
  );

export const registersKeepTheirRules: Law = {
  id: "RG1",
  says:
    "In registers that command nothing, writable, read-only, write-1-to-clear and reserved bits " +
    "obey their layout at every size and alignment.",
  sometimes: ["writes", "odd size", "unaligned", "several registers"],
  check(run, count) {
    for (const { input, facts, before, after, seq } of run.steps) {
      if (input.type !== "RegisterWrite") continue;
      const [was, now] = [before.guests[guestIndex(input)], after.guests[guestIndex(input)]];
      if (was === undefined || now === undefined || was.charts.life === "absent") continue;
      const { offset, size, value } = input;
      const all = rulesOf(was.profile);
      const { rules } = all;
      count("writes");
      if (size !== 4 && size !== 8) count("odd size");
      if (offset % size !== 0) count("unaligned");
      const touched = rules.filter(
        (rule) => offset < rule.offset + rule.bytes && rule.offset < offset + size,
      );
      if (touched.length > 1) count("several registers");
      const wanted = afterWrite(pageOf(was, all), rules, offset, size, value);
      const wrong = differences(pageOf(now, all), wanted, all).filter(
        (name) => !mayDiffer(name, facts),
      );
      if (wrong.length === 0) continue;
      const text = `${size} bytes at ${hex(offset)} leave ${wrong.join(", ")} wrong`;
      return { law: "RG1", seq, text };
    }
    return undefined;
  },
};

/** Whether a write puts 1 into the F bit of a fault record. */
function asksToClear(guest: Guest, input: InputOf<"RegisterWrite">, index: number): boolean {
  const lane = faultRecordAt(guest.profile, index) + 15 - input.offset;
  return lane >= 0 && lane < input.size && ((input.value >> BigInt(8 * lane + 7)) & 1n) === 1n;
}

export const recordsAreCleared: Law = {
  id: "RG2",
  says: "Clearing a fault record frees it alone; FRI stays, and PPF while another is pending.",
  sometimes: ["cleared", "others pending"],
  check(run, count) {
    for (const { input, facts, before, after, seq } of run.steps) {
      if (input.type !== "RegisterWrite") continue;
      const [was, now] = [before.guests[guestIndex(input)], after.guests[guestIndex(input)]];
      const cleared = facts.filter((fact) => fact.type === "FaultCleared");
      const other = facts.some(({ type }) =>
        /^(QueueHalted|CompletionFailed|QueueErrorCleared|Overflow)/.test(type),
      );
      if (was === undefined || now === undefined || cleared.length === 0 || other) continue;
      const unasked = cleared.find(({ index }) => !asksToClear(was, input, index));
      if (unasked !== undefined) {
        return { law: "RG2", seq, text: `record ${unasked.index} is cleared unasked` };
      }
      let wanted: FaultState = faultStateOf(was);
      for (const fact of cleared) wanted = afterClear(wanted, fact.index);
      count("cleared");
      if (wanted.slots.some(({ pending }) => pending)) count("others pending");
      const found = faultStateOf(now);
      const same =
        comparableStatus(found.fsts) === comparableStatus(wanted.fsts) &&
        found.slots.every((slot, index) => slot.pending === wanted.slots[index]?.pending);
      if (!same)
        return { law: "RG2", seq, text: `FSTS is ${hex(found.fsts)}, not ${hex(wanted.fsts)}` };
    }
    return undefined;
  },
};
