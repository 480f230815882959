import { hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { faultRecordAt } from "../../events/registers/offset.ts";
import type { Guest } from "../../projections/guest.ts";
import type { FaultState } from "../oracle/faults.ts";
import { afterClear } from "../oracle/faults.ts";
import type { RegisterRule } from "../oracle/registers.ts";
import { afterWrite, comparable, registerRules } from "../oracle/registers.ts";
import { comparableStatus, faultStateOf } from "./fault-reports.ts";
import type { Law } from "./law.ts";
import type { RegisterSight } from "./register-sight.ts";
import { registersOf, wordAt } from "./register-sight.ts";
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

/** A rule, and the bits of its register that may be compared. */
interface Judged {
  readonly rule: RegisterRule;
  readonly mask: bigint;
}

/** By CAP, ECAP and width. */
const made = new Map<string, readonly Judged[]>();

function rulesOf({ cap, ecap, haw }: Guest["profile"]): readonly Judged[] {
  const name = `${cap} ${ecap} ${haw}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const rules = registerRules(cap, ecap, haw).map(judged);
  const bytes = comparable(rules);
  const maskOf = ({ offset, bytes: count }: RegisterRule): bigint =>
    bytes
      .subarray(offset, offset + count)
      .reduceRight((mask, one) => (mask << 8n) | BigInt(one), 0n);
  const fresh = rules.map((rule) => ({ rule, mask: maskOf(rule) }));
  made.set(name, fresh);
  return fresh;
}

const wordOf = (sight: RegisterSight, { offset, bytes }: RegisterRule): bigint =>
  wordAt(sight, offset, bytes);

/** What a write must leave in the registers that it touches, by the rules. */
function written(
  was: RegisterSight,
  touched: readonly RegisterRule[],
  { offset, size, value }: InputOf<"RegisterWrite">,
): ReadonlyMap<RegisterRule, bigint> {
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  for (const rule of touched) {
    const word = wordOf(was, rule);
    if (rule.bytes === 8) view.setBigUint64(rule.offset, word, true);
    else view.setUint32(rule.offset, Number(word), true);
  }
  const after = new DataView(afterWrite(page, touched, offset, size, value).buffer);
  return new Map(
    touched.map((rule) => {
      if (rule.bytes === 8) return [rule, after.getBigUint64(rule.offset, true)];
      return [rule, BigInt(after.getUint32(rule.offset, true))];
    }),
  );
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
    const sights: RegisterSight[] = [];
    for (const { input, facts, before, after, seq } of run.steps) {
      const [was, now] = [before.guests[guestIndex(input)], after.guests[guestIndex(input)]];
      if (was === undefined || now === undefined) continue;
      const old = registersOf(was, sights[guestIndex(input)]);
      const sight = registersOf(now, old);
      sights[guestIndex(input)] = sight;
      if (input.type !== "RegisterWrite" || was.charts.life === "absent") continue;
      const { offset, size } = input;
      const all = rulesOf(was.profile);
      count("writes");
      if (size !== 4 && size !== 8) count("odd size");
      if (offset % size !== 0) count("unaligned");
      const touched = all
        .map(({ rule }) => rule)
        .filter((rule) => offset < rule.offset + rule.bytes && rule.offset < offset + size);
      if (touched.length > 1) count("several registers");
      const wanted = written(old, touched, input);
      const wrong = all
        .filter(({ rule, mask }) => {
          const must = wanted.get(rule) ?? wordOf(old, rule);
          return ((wordOf(sight, rule) ^ must) & mask) !== 0n;
        })
        .map(({ rule }) => rule.name)
        .filter((name) => !mayDiffer(name, facts));
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
