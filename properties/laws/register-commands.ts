import { hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Count, Law } from "./law.ts";
import { guestIndex } from "./run.ts";

const ccmd = 0x28;

const bits = (word: bigint, msb: bigint, lsb: bigint): bigint =>
  (word >> lsb) & ((1n << (msb - lsb + 1n)) - 1n);

/** Where IVA lies, as ECAP.IRO says; IOTLB follows. */
const ivaAt = (guest: Guest): number => Number(bits(readBytes(guest, 0x10, 8), 17n, 8n)) * 16;

/** Whether the unit has the registers: those of major version 6 and later have not. */
const hasCommands = (guest: Guest): boolean => bits(readBytes(guest, 0, 4), 7n, 4n) < 6n;

const isQueueOn = (guest: Guest): boolean => bits(readBytes(guest, 0x1c, 4), 26n, 26n) === 1n;

/** A fact without what its scope does not use. */
const plain = (fact: Fact): string =>
  Object.entries(fact)
    .filter(([name, value]) => name !== "guest" && value !== undefined && value !== false)
    .map(([name, value]) => `${name} ${value}`)
    .toSorted()
    .join(", ");

const scopes = ["", "global", "domain"] as const;

/** The context-cache invalidation that a word of CCMD asks for, if it is one. */
function contextAsked(word: bigint): Fact | undefined {
  const granularity = Number(bits(word, 62n, 61n));
  const did = Number(bits(word, 15n, 0n));
  if (granularity === 0) return undefined;
  const type = "ContextInvalidated";
  if (granularity !== 3) {
    const scope = scopes[granularity] === "global" ? "global" : "domain";
    return { type, scope, ...(scope === "global" ? {} : { did }) };
  }
  const source = Number(bits(word, 31n, 16n));
  return {
    type,
    scope: "device",
    did,
    source: source as never,
    mask: Number(bits(word, 33n, 32n)),
  };
}

/** The IOTLB invalidation that words of IOTLB and IVA ask for, if it is one. */
function pagesAsked(guest: Guest, word: bigint, iva: bigint): Fact | undefined {
  const granularity = Number(bits(word, 61n, 60n));
  const did = Number(bits(word, 47n, 32n));
  const type = "IotlbInvalidated";
  if (granularity === 0) return undefined;
  if (granularity === 1) return { type, scope: "global" };
  if (granularity === 2) return { type, scope: "domain", did };
  const am = bits(iva, 5n, 0n);
  if (am > bits(readBytes(guest, 8, 8), 53n, 48n)) return undefined;
  const length = 4096n << am;
  const whole = 1n << 64n;
  const iova = (iva - (iva % length)) as never;
  return {
    type,
    scope: "page",
    did,
    iova,
    length: length > whole ? whole : length,
    leafOnly: bits(iva, 6n, 6n) === 1n,
  };
}

interface Command {
  readonly offset: number;
  readonly value: bigint;
  readonly asked: Fact | undefined;
  /** Bits that show the granularity used, and what reads as 0. */
  readonly used: readonly [msb: bigint, lsb: bigint];
  readonly gone: bigint;
}

/** The command that an input gives, if it writes a whole register with its highest bit set. */
function commandOf({ input }: Step, guest: Guest, iva: bigint | undefined): Command | undefined {
  if (input.type !== "RegisterWrite" || input.size !== 8 || !hasCommands(guest)) return undefined;
  const { offset, value } = input;
  if (value >> 63n !== 1n) return undefined;
  if (offset === ccmd) {
    const gone = (1n << 63n) | 0x3_ffff_0000n;
    return { offset, value, asked: contextAsked(value), used: [60n, 59n], gone };
  }
  const at = ivaAt(guest);
  if (at === 0 || offset !== at + 8 || iva === undefined) return undefined;
  const asked = pagesAsked(guest, value, iva);
  return { offset, value, asked, used: [58n, 57n], gone: 1n << 63n };
}

/** Why a command was not carried out as its registers say, or is not shown so, or nothing. */
function check(command: Command, step: Step, was: Guest, now: Guest, count: Count) {
  const { offset, value, asked, used, gone } = command;
  const told = step.facts.filter(({ type }) => /^(Context|Iotlb)Invalidated$/.test(type));
  const wanted = asked === undefined || isQueueOn(was) ? [] : [asked];
  const [found, must] = [told.map(plain).join("; "), wanted.map(plain).join("; ")];
  if (found !== must) return `${found || "nothing"} is invalidated, not ${must || "nothing"}`;
  count(wanted.length > 0 ? (told[0]?.type ?? "") : "refused");
  const word = readBytes(now, offset, 8);
  if ((word & gone) !== 0n) return `${hex(word)} is read after it`;
  const granularity = offset === ccmd ? bits(value, 62n, 61n) : bits(value, 61n, 60n);
  const shown = bits(word, used[0], used[1]);
  if (shown !== (wanted.length > 0 ? granularity : 0n)) return `granularity ${shown} is shown`;
  const kept = offset === ccmd ? (3n << 61n) | 0xffffn : (3n << 60n) | (0x3_ffffn << 32n);
  return (word & kept) === (value & kept) ? undefined : `${hex(word)} is read, of ${hex(value)}`;
}

export const registersCommand: Law = {
  id: "RI8",
  says:
    "A command in CCMD or IOTLB invalidates what its registers name, or is refused, and shows " +
    "the granularity that was used.",
  sometimes: ["ContextInvalidated", "IotlbInvalidated", "refused"],
  check(run, count) {
    const addresses = run.setup.guests.map((): bigint | undefined => 0n);
    for (const step of run.steps) {
      const { input, before, after, seq, facts } = step;
      const index = guestIndex(input);
      const [was, now] = [before.guests[index], after.guests[index]];
      if (was === undefined || now === undefined) continue;
      if (facts.some(({ type }) => /^Unit(WasReset|Created|Restored|Destroyed)$/.test(type))) {
        addresses[index] = input.type === "UnitRestore" ? undefined : 0n;
      }
      if (input.type !== "RegisterWrite" || was.charts.life === "absent") continue;
      const command = commandOf(step, was, addresses[index]);
      const text = command && check(command, step, was, now, count);
      if (text !== undefined) return { law: "RI8", seq, text };
      const iva = ivaAt(was);
      const meets = input.offset < iva + 8 && input.offset + input.size > iva;
      if (!meets) continue;
      const isWhole = input.offset === iva && input.size === 8;
      addresses[index] = isWhole ? input.value & ~0xf80n : undefined;
    }
    return undefined;
  },
};
