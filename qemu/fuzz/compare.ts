import { hex, pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Access, Input, InputOf } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { createWorld } from "../../machines/create-world.ts";
import { fold } from "../../machines/hypervisor.ts";
import { hostAt } from "../../projections/host-entry.ts";
import type { World } from "../../projections/world.ts";
import { messageOf } from "../../properties/judge-interrupt.ts";
import type { Answer } from "../../properties/oracle/compose.ts";
import { expected } from "../../properties/oracle/expected.ts";
import { observe } from "../../properties/oracle/observe.ts";
import type { Key, Oracle } from "../../properties/oracle/oracle.ts";
import { createOracle } from "../../properties/oracle/oracle.ts";
import { sources } from "../../properties/world/arena.ts";
import type { Deviation, Passing, Past, Reached, Situation } from "../deviation/deviation.ts";
import { messageText } from "../deviation/message.ts";
import { noPast, pastAfter } from "../deviation/past.ts";
import { eduDevices } from "../qtest/machine.ts";
import { evictions, withoutInterruptEntries } from "./evict.ts";
import { find } from "./find.ts";
import type { RegisterDifference } from "./image.ts";
import { differingRegisters, firstDifference, memoryAt } from "./image.ts";
import { readTrace } from "./observation.ts";
import type { Plan, Step } from "./plan.ts";
import { slotBytes } from "./sendable.ts";
import type { Seen, Sight } from "./target.ts";

/** Something that the target did otherwise than the model, and than it might. */
export interface Difference {
  /** Which step of the plan, from 0; the number of steps when only the end shows it. */
  readonly at: number;
  readonly what: "register" | "answer" | "dma" | "data" | "event" | "interrupt" | "memory";
  readonly text: string;
  /** The model before and after the step, as far as it went along. */
  readonly before: World;
  readonly after: World;
  readonly facts: readonly Fact[];
}

/** What a comparison came to. */
export interface Comparison {
  /** Steps that were compared and agree. */
  readonly agreed: number;
  readonly difference: Difference | undefined;
  /** Deviations that were met, with how often. */
  readonly met: ReadonlyMap<string, number>;
  /** Times that the target used one of several values that are allowed, and not the model's. */
  readonly choices: number;
}

const requesterOf = (device: number): number =>
  device === sources.behindBridge ? sources.bridge : device;

const pageText = (gpa: bigint): string => `page ${hex(pageOf(gpa))}`;
const faultText = (reason: number): string => `fault ${hex(reason)}`;

/** What one answer of the oracle's looks like from outside. */
function answerText({ guest }: Answer): string {
  if ("fault" in guest) return guest.suppressed ? "blocked" : faultText(guest.fault);
  return "gpa" in guest ? pageText(guest.gpa) : "interrupt";
}

/** What became of a DMA in the model, as it looks from outside. */
function modelText(facts: readonly Fact[], now: Answer | undefined): string {
  const translated = find(facts, "DmaTranslated");
  if (translated?.gpa !== undefined) return pageText(translated.gpa);
  const blocked = find(facts, "DmaBlocked");
  if (blocked?.reason !== undefined) {
    const isSilent = find(facts, "FaultSuppressed") !== undefined;
    return isSilent ? "blocked" : faultText(blocked.reason);
  }
  if (blocked?.host === "hole" && now !== undefined) return answerText(now);
  return blocked?.host ?? "nothing";
}

/** What became of a DMA in the target. */
function targetText({ trace }: Seen, input: InputOf<"Dma">): string {
  const { translated, fault, suppressed } = readTrace(trace, input.iova);
  if (fault !== undefined) return faultText(fault);
  if (suppressed) return "blocked";
  if (translated !== undefined) return pageText(translated);
  // Nothing was translated: the address is used as it is.
  return pageText(input.iova);
}

/** The messages that a step should send, the unit's own and that of an interrupt request. */
function messagesOf(facts: readonly Fact[], input: Input) {
  const events = facts.flatMap((fact) =>
    fact.type === "EventSent" ? [messageText(fact.address, BigInt(fact.data))] : [],
  );
  const delivered = find(facts, "InterruptDelivered");
  if (input.type !== "MsiRequest" || delivered === undefined) return { events, message: undefined };
  const remapped = messageOf(delivered, input.address);
  const isRemapped = delivered.index !== undefined;
  const message = isRemapped
    ? messageText(remapped.address, BigInt(remapped.data))
    : messageText(input.address, BigInt(input.data));
  return { events, message };
}

/** One program being compared. */
interface Comparing {
  world: World;
  readonly oracle: Oracle;
  choices: number;
  readonly deviations: readonly Deviation[];
  readonly met: Map<string, number>;
  past: Past;
  /** Bytes that a device must have read, by device and place in its buffer. */
  readonly reads: {
    readonly at: number;
    readonly bdf: number;
    readonly slot: number;
    bytes: Uint8Array;
  }[];
}

const nearby = Array.from({ length: 160 }, (_, page) => page);

function keysOf(plan: Plan): readonly Key[] {
  const keys = new Map<string, Key>();
  for (const { input } of plan.steps) {
    if (input.type !== "Dma") continue;
    const sid = requesterOf(input.device);
    const page = pageOf(input.iova);
    keys.set(`${sid}:${page}`, { guest: 0, sid, page });
  }
  return [...keys.values()].slice(0, 64);
}

/** Fields of a fault record that belong to requests with PASID. */
const pasidFields = (0xf_ffffn << 104n) | (3n << 93n);

/** Whether the architecture leaves it to the unit what a register shows. */
function isOpen({ name, model, target }: RegisterDifference): boolean {
  // The other fields of a record mean something while F is set.
  if (name.startsWith("FRCD")) {
    if ((model | target) >> 127n === 0n) return true;
    // PV, PRIV and EXE mean something where PP is set.
    const hasPasid = (model >> 95n) & 1n;
    return hasPasid === 0n && (model & ~pasidFields) === (target & ~pasidFields);
  }
  // More than what was asked for may be invalidated, and CAIG and IAIG say so.
  if (name === "CCMD" || name === "IOTLB") {
    const shift = name === "CCMD" ? 59n : 57n;
    const used = (target >> shift) & 3n;
    const rest = ~(3n << shift);
    return (model & rest) === (target & rest) && used > 0n && used <= ((model >> shift) & 3n);
  }
  // IQEI 0: nothing is said about the error.
  return name === "IQERCD" && target === 0n && model < 16n;
}

/** Something that differs at one step, before anybody has looked whether it is known. */
type Raw = Pick<Situation, "what" | "target" | "model" | "register" | "allowed">;

/** Compares what does not depend on a choice: registers and messages. */
function rawDifferences(step: Step, seen: Seen, world: World, facts: readonly Fact[]): Raw[] {
  const [guest] = world.guests;
  if (guest === undefined) return [];
  const differing = differingRegisters(guest, seen.registers).filter((each) => !isOpen(each));
  const found = differing.map((register): Raw => {
    const { name, target, model } = register;
    return { what: "register", register, target: `${name} ${hex(target)}`, model: hex(model) };
  });
  const wanted = messagesOf(facts, step.input);
  const got = readTrace(seen.trace);
  const [target, model] = [got.events, wanted.events].map((all) => all.join() || "no message");
  if (target !== model) found.push({ what: "event", target: target ?? "", model: model ?? "" });
  if (step.input.type === "MsiRequest" && wanted.message !== got.message) {
    const texts = [got.message, wanted.message].map((each) => each ?? "no interrupt");
    found.push({ what: "interrupt", target: texts[0] ?? "", model: texts[1] ?? "" });
  }
  return found;
}

/** Folds a DMA so that it does what the target did, if that is allowed. */
function foldDma(state: Comparing, input: InputOf<"Dma">, seen: Seen) {
  const access: Access = input.access ?? "read";
  const before = state.world;
  const got = targetText(seen, input);
  const sid = requesterOf(input.device);
  const wanted = expected(state.oracle, 0, sid, input.iova);
  let folded = fold(before, input);
  const model = modelText(folded.facts, wanted?.[access]);
  if (model === got) return { folded, raw: undefined };
  const allowed = wanted?.candidates.map((each) => answerText(each[access])) ?? [];
  const many = wanted?.pending === true || wanted?.first !== undefined;
  if (!many || !allowed.includes(got)) {
    const rest = many ? ` (allowed: ${[...new Set(allowed)].join(", ")})` : "";
    const all = many ? allowed : [model];
    return {
      folded,
      raw: { what: "dma" as const, target: got, model: model + rest, allowed: all },
    };
  }
  for (const world of evictions(before, sid, input.iova)) {
    folded = fold(world, input);
    if (modelText(folded.facts, wanted?.[access]) !== got) continue;
    state.choices += 1;
    return { folded, raw: undefined };
  }
  return { folded: undefined, raw: undefined };
}

/** What a device that read must have in its buffer. */
function noteRead(state: Comparing, at: number, step: Step, facts: readonly Fact[]): void {
  const { input, slot } = step;
  if (input.type !== "Dma" || input.access !== "read" || slot === undefined) return;
  const length = Math.min(input.length ?? 8, slotBytes);
  const landed = find(facts, "DmaLanded");
  const [guest] = state.world.guests;
  if (guest === undefined) return;
  const bytes =
    landed?.gpa === undefined ? new Uint8Array(length) : memoryAt(guest, landed.gpa, length);
  state.reads.push({ at, bdf: input.device, slot, bytes });
}

/** How a step ends: with a difference that nothing explains, or with a world to go on with. */
interface Passed {
  readonly unexplained?: Raw;
  readonly world: World;
  readonly isOver: boolean;
  /** Deviations that were needed, in order. */
  readonly used: readonly string[];
}

/**
 * What known deviations make of the differences of one step. One that takes another state of the
 * guest explains whatever is no difference any more.
 */
function pass(
  deviations: readonly Deviation[],
  raw: readonly Raw[],
  about: Omit<Situation, keyof Raw>,
  look: (world: World) => readonly Raw[],
): Passed {
  let left = raw;
  let world: World = { ...about.world, guests: [about.after] };
  const used: string[] = [];
  const settled = new Set<string>();
  while (left.length > 0) {
    const [first] = left;
    if (first === undefined) break;
    let passing: Passing | undefined;
    const known = deviations.find((one) => {
      passing = one.explains({ ...about, ...first });
      return passing !== undefined;
    });
    if (known === undefined || passing === undefined || settled.has(first.target)) {
      return { unexplained: first, world, isOver: false, used };
    }
    used.push(known.id);
    settled.add(first.what === "register" ? first.target : first.what);
    if (passing === "end") return { world, isOver: true, used };
    if (passing !== "goOn") {
      world = { ...world, guests: [passing] };
      left = look(world);
    }
    left = left.filter(({ what, target }) => !settled.has(what) && !settled.has(target));
  }
  return { world, isOver: false, used };
}

/** Facts that still hold in another state: a message was not sent if that was not to be. */
const isLasting = ({ type }: Fact): boolean => type !== "EventSent";

const textOf = ({ what, target, model }: Raw): string => `${what}: ${target}, the model: ${model}`;

/** The translation that a DMA used in the target. */
function useIn({ input }: Step, { trace }: Seen, { guests }: World): Reached | undefined {
  if (input.type !== "Dma") return undefined;
  const { translated, mask } = readTrace(trace, input.iova);
  const [guest] = guests;
  if (translated === undefined || guest === undefined) return undefined;
  const source = requesterOf(input.device);
  const first = input.iova & ~mask;
  return {
    ...{ source, first, last: first | mask, distance: translated - input.iova },
    access: input.access ?? "read",
    did: hostAt(guest.hosts, source, undefined)?.did ?? 0,
  };
}

/** A step as the model takes it from one world. */
interface Tried {
  readonly before: World;
  readonly facts: readonly Fact[];
  readonly raw: readonly Raw[];
  readonly passed: Passed;
}

/** Takes one step from a world; `undefined` where the model cannot follow an allowed choice. */
function tryFrom(state: Comparing, before: World, step: Step, seen: Seen): Tried | undefined {
  const { input } = step;
  const dma = input.type === "Dma" ? foldDma(state, input, seen) : undefined;
  const folded = dma === undefined ? fold(before, input) : dma.folded;
  if (folded === undefined) return undefined;
  const { facts, world } = folded;
  const past = pastAfter(state.past, facts, undefined);
  const [from, to] = [before.guests[0], world.guests[0]];
  if (from === undefined || to === undefined) return undefined;
  const reached = input.type === "Dma" ? readTrace(seen.trace, input.iova).translated : undefined;
  const about = { input, before: from, after: to, world: before, facts, past, reached };
  const raw = [...(dma?.raw ? [dma.raw] : []), ...rawDifferences(step, seen, world, facts)];
  const look = (other: World) => rawDifferences(step, seen, other, facts.filter(isLasting));
  return { before, facts, raw, passed: pass(state.deviations, raw, about, look) };
}

const isClean = ({ passed }: Tried): boolean =>
  passed.unexplained === undefined && passed.used.length === 0;

/** Takes one step; an interrupt entry may be remembered or not. */
function tryStep(state: Comparing, step: Step, seen: Seen): Tried | undefined {
  const first = tryFrom(state, state.world, step, seen);
  if (first === undefined || step.input.type !== "MsiRequest" || isClean(first)) return first;
  const other = tryFrom(state, withoutInterruptEntries(state.world), step, seen);
  if (other === undefined) return first;
  const isBetter = isClean(other) || first.passed.unexplained !== undefined;
  if (!isBetter || other.passed.unexplained !== undefined) return first;
  state.choices += 1;
  return other;
}

/**
 * Compares what a target did with a plan with what the model says, step by step, and stops at the
 * first difference that no deviation explains. Where the architecture allows several outcomes,
 * because something changed and was not announced, the model takes the target's if it is one of
 * them.
 */
export function compare(
  setup: GuestSetup,
  plan: Plan,
  sight: Sight,
  deviations: readonly Deviation[],
): Comparison {
  const oracle = createOracle({ guests: [setup] }, keysOf(plan), nearby);
  const world = createWorld({ guests: [setup] });
  const met = new Map<string, number>();
  const state: Comparing = {
    world,
    oracle,
    choices: 0,
    reads: [],
    deviations,
    met,
    past: noPast(),
  };
  const done = (agreed: number, difference?: Difference): Comparison => ({
    ...{ agreed, difference, choices: state.choices, met },
  });
  for (const [at, step] of plan.steps.entries()) {
    const seen = sight.seen[at];
    if (seen === undefined) break;
    const tried = tryStep(state, step, seen);
    // One of the choices that are allowed, which the model cannot follow.
    if (tried === undefined) return done(at);
    const { facts, passed, raw, before } = tried;
    for (const id of passed.used) met.set(id, (met.get(id) ?? 0) + 1);
    state.world = passed.world;
    if (passed.unexplained !== undefined) {
      const { what } = passed.unexplained;
      const all = raw.map(textOf).join("; ");
      return done(at, { at, what, text: all, before, after: passed.world, facts });
    }
    if (passed.isOver) return done(at);
    noteRead(state, at, step, facts);
    const isUsed = find(facts, "DmaTranslated") !== undefined;
    state.past = pastAfter(state.past, facts, isUsed ? useIn(step, seen, before) : undefined);
    observe(oracle, step.input, facts);
  }
  return done(plan.steps.length, compareEnd(state, plan, sight));
}

function compareEnd(state: Comparing, plan: Plan, sight: Sight): Difference | undefined {
  const [guest] = state.world.guests;
  if (guest === undefined) return undefined;
  const make = (at: number, what: Difference["what"], text: string): Difference => ({
    ...{ at, what, text, before: state.world, after: state.world, facts: [] },
  });
  for (const { at, bdf, slot, bytes } of state.reads) {
    const buffer = sight.buffers.get(eduDevices.findIndex((each) => each.bdf === bdf));
    const got = buffer?.slice(slot, slot + bytes.length) ?? new Uint8Array();
    if (Buffer.compare(got, bytes) === 0) continue;
    const [found, model] = [got, bytes].map((each) => Buffer.from(each).toString("hex"));
    return make(at, "data", `the device read ${found ?? ""}, in the model ${model ?? ""}`);
  }
  const { memory } = sight;
  const first = firstDifference(guest, memory);
  if (first >= 0) {
    const [got, own] = [memory.subarray(first, first + 4), memoryAt(guest, BigInt(first), 4)];
    const [found, model] = [got, own].map((each) => Buffer.from(each).toString("hex"));
    const text = `memory at ${hex(first)} holds ${found ?? ""}, in the model ${model ?? ""}`;
    return make(plan.steps.length, "memory", text);
  }
  return undefined;
}
