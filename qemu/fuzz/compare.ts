import { hex, pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Access, Input, InputOf } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { createWorld } from "../../machines/create-world.ts";
import { fold } from "../../machines/hypervisor.ts";
import type { World } from "../../projections/world.ts";
import { messageOf } from "../../properties/judge-interrupt.ts";
import type { Answer } from "../../properties/oracle/compose.ts";
import { expected } from "../../properties/oracle/expected.ts";
import { observe } from "../../properties/oracle/observe.ts";
import type { Key, Oracle } from "../../properties/oracle/oracle.ts";
import { createOracle } from "../../properties/oracle/oracle.ts";
import { sources } from "../../properties/world/arena.ts";
import { evictions } from "./evict.ts";
import { find } from "./find.ts";
import { differingRegisters, memoryAt, registerText } from "./image.ts";
import { messageText, readTrace } from "./observation.ts";
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
function targetText({ trace }: Seen, input: InputOf<"Dma">, isOn: boolean): string {
  const { translated, fault, suppressed } = readTrace(trace);
  if (fault !== undefined) return faultText(fault);
  if (suppressed) return "blocked";
  if (translated !== undefined) return pageText(translated);
  return isOn ? "untraced" : pageText(input.iova);
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

type Found = Pick<Difference, "what" | "text"> | undefined;

/** Compares what does not depend on a choice: registers and messages. */
function compareState(step: Step, seen: Seen, world: World, facts: readonly Fact[]): Found {
  const [guest] = world.guests;
  if (guest === undefined) return undefined;
  const registers = differingRegisters(guest, seen.registers);
  if (registers.length > 0) {
    return { what: "register", text: registers.map(registerText).join("; ") };
  }
  const wanted = messagesOf(facts, step.input);
  const got = readTrace(seen.trace);
  if (wanted.events.join() !== got.events.join()) {
    const [events, model] = [got.events, wanted.events].map((all) => all.join() || "none");
    return { what: "event", text: `the event message is ${events}, the model sends ${model}` };
  }
  if (step.input.type === "MsiRequest" && wanted.message !== got.message) {
    const text = `the interrupt becomes ${got.message ?? "nothing"}, in the model ${wanted.message ?? "nothing"}`;
    return { what: "interrupt", text };
  }
  return undefined;
}

/** Folds a DMA so that it does what the target did, if that is allowed. */
function foldDma(state: Comparing, step: Step, input: InputOf<"Dma">, seen: Seen) {
  const access: Access = input.access ?? "read";
  const before = state.world;
  const isOn = before.guests[0]?.charts.translation === "enabled";
  const got = targetText(seen, input, isOn);
  const sid = requesterOf(input.device);
  const wanted = expected(state.oracle, 0, sid, input.iova);
  let folded = fold(before, input);
  const model = modelText(folded.facts, wanted?.[access]);
  const { slot } = step;
  if (model === got) return { folded, found: undefined, slot };
  const allowed = wanted?.candidates.map((each) => answerText(each[access])) ?? [];
  const many = wanted?.pending === true || wanted?.first !== undefined;
  const text = `DMA ${access} to ${hex(input.iova)}: ${got}, in the model ${model}`;
  if (!many || !allowed.includes(got)) {
    const rest = many ? ` (allowed: ${[...new Set(allowed)].join(", ")})` : "";
    return { folded, found: { what: "dma" as const, text: text + rest }, slot };
  }
  for (const world of evictions(before, sid, input.iova)) {
    folded = fold(world, input);
    if (modelText(folded.facts, wanted?.[access]) !== got) continue;
    state.choices += 1;
    return { folded, found: undefined, slot };
  }
  return { folded: undefined, found: undefined, slot };
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

/**
 * Compares what a target did with a plan with what the model says, step by step, and stops at the
 * first difference. Where the architecture allows several outcomes, because something changed and
 * was not announced, the model takes the target's if it is one of them.
 */
export function compare(setup: GuestSetup, plan: Plan, sight: Sight): Comparison {
  const oracle = createOracle({ guests: [setup] }, keysOf(plan), nearby);
  const start = createWorld({ guests: [setup] });
  const state: Comparing = { world: start, oracle, choices: 0, reads: [] };
  for (const [at, step] of plan.steps.entries()) {
    const seen = sight.seen[at];
    const before = state.world;
    if (seen === undefined) break;
    const { input } = step;
    const dma = input.type === "Dma" ? foldDma(state, step, input, seen) : undefined;
    const folded = dma === undefined ? fold(before, input) : dma.folded;
    // One of the choices that are allowed, which the model cannot follow.
    if (folded === undefined) return { agreed: at, difference: undefined, choices: state.choices };
    state.world = folded.world;
    const { facts } = folded;
    const found = dma?.found ?? compareState(step, seen, folded.world, facts);
    if (found !== undefined) {
      const difference = { at, ...found, before, after: folded.world, facts };
      return { agreed: at, difference, choices: state.choices };
    }
    noteRead(state, at, step, facts);
    observe(oracle, input, facts);
  }
  const end = compareEnd(state, plan, sight);
  return { agreed: plan.steps.length, difference: end, choices: state.choices };
}

function compareEnd(state: Comparing, plan: Plan, sight: Sight): Difference | undefined {
  const [guest] = state.world.guests;
  if (guest === undefined) return undefined;
  const make = (at: number, what: Difference["what"], text: string): Difference => ({
    ...{ at, what, text, before: state.world, after: state.world, facts: [] },
  });
  for (const { at, bdf, slot, bytes } of state.reads) {
    const buffer = sight.buffers.get(bdf);
    const got = buffer?.slice(slot, slot + bytes.length) ?? new Uint8Array();
    if (Buffer.compare(got, bytes) === 0) continue;
    const [found, model] = [got, bytes].map((each) => Buffer.from(each).toString("hex"));
    return make(at, "data", `the device read ${found ?? ""}, in the model ${model ?? ""}`);
  }
  const { memory } = sight;
  for (let page = 0; page < memory.length / 4096; page++) {
    const model = memoryAt(guest, BigInt(page) << 12n, 4096);
    const from = page * 4096;
    if (Buffer.compare(model, memory.subarray(from, from + 4096)) === 0) continue;
    const index = model.findIndex((byte, place) => byte !== memory[from + place]);
    const [got, own] = [memory[from + index] ?? 0, model[index] ?? 0];
    const text = `memory at ${hex(from + index)} holds ${hex(got)}, in the model ${hex(own)}`;
    return make(plan.steps.length, "memory", text);
  }
  return undefined;
}
