import { numberAt } from "../events/acpi/little-endian.ts";
import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { RegisterSpec } from "../events/registers/register.ts";
import type { Guest } from "../projections/guest.ts";
import { registersOf } from "../projections/registers/registers.ts";
import { abilitiesOf } from "../target/ability.ts";
import { imageOf, memoryAt } from "../target/image.ts";
import type { Request } from "../target/implementation.ts";
import { everyRegister } from "../target/implementation-target.ts";
import { modelTarget } from "../target/model-target.ts";
import { requestOf } from "../target/requests.ts";
import { ask } from "./judge.ts";
import { openBits } from "./open-bits.ts";
import type { Expectation, VectorStep } from "./vector.ts";

/** What the model did with one input. */
export interface Told {
  readonly input: Input;
  readonly facts: readonly Fact[];
  readonly before: Guest;
  readonly after: Guest;
}

/** The steps of a vector, and for each input what the model did and which step asks it. */
export interface Made {
  readonly steps: readonly VectorStep[];
  readonly trail: readonly Told[];
  /** By step, which input it is of, or is read after. */
  readonly inputOf: readonly number[];
}

/** A read of one register, with what it has to show. */
function readOf({ name, offset, bytes: length }: RegisterSpec, image: Uint8Array): VectorStep {
  const bytes = image.slice(offset, offset + length);
  const request: Request = { op: "readRegisters", offset, length };
  return { request, about: name, expect: { bytes, ...openBits(name, bytes) } };
}

/** Whether an input is a write to a register. */
const isWritten = (input: Input, { offset, bytes }: RegisterSpec): boolean =>
  input.type === "RegisterWrite" &&
  input.offset < offset + bytes &&
  input.offset + input.size > offset;

/** Reads of the registers that have changed, and of what was written, which may not have. */
function readsAfter(profile: Profile, input: Input, before: Uint8Array, after: Uint8Array) {
  return registersOf(profile).specs.flatMap((spec) => {
    const { offset, bytes } = spec;
    const isSame =
      before === after || numberAt(before, offset, bytes) === numberAt(after, offset, bytes);
    return isSame && !isWritten(input, spec) ? [] : [readOf(spec, after)];
  });
}

/** Bytes that are looked at together: what is written by mistake lies beside what should be. */
const lineBytes = 32;
const smallWrite = 64;

/** Memory as the CPU wrote it: bytes by page. */
function written(trail: readonly Told[]): Map<number, Uint8Array> {
  const pages = new Map<number, Uint8Array>();
  for (const { input } of trail) {
    if (input.type !== "MemoryWrite") continue;
    for (let from = 0; from < input.bytes.length; ) {
      const at = input.gpa + BigInt(from);
      const offset = Number(at & 0xfffn);
      const page = pages.get(pageOf(at)) ?? new Uint8Array(4096);
      pages.set(pageOf(at), page);
      const piece = input.bytes.subarray(from, from + 4096 - offset);
      page.set(piece, offset);
      from += piece.length;
    }
  }
  return pages;
}

/** Pages in which something was written, by whomever. */
function pagesIn(trail: readonly Told[]): readonly number[] {
  const addresses = trail.flatMap(({ input, facts }) => [
    ...(input.type === "MemoryWrite" ? [input.gpa] : []),
    ...facts.flatMap((fact) => ("gpa" in fact && fact.gpa !== undefined ? [fact.gpa] : [])),
  ]);
  return [...new Set(addresses.map(pageOf))].sort((one, other) => one - other);
}

/** Lines that the CPU wrote in small pieces, by page. */
function smallLines(trail: readonly Told[]): ReadonlyMap<number, readonly number[]> {
  const lines = new Map<number, number[]>();
  for (const { input } of trail) {
    if (input.type !== "MemoryWrite" || input.bytes.length > smallWrite) continue;
    const page = pageOf(input.gpa);
    const line = Math.floor(Number(input.gpa & 0xfffn) / lineBytes);
    lines.set(page, [...(lines.get(page) ?? []), line]);
  }
  return lines;
}

/** Lines of a page that are worth a look: written in small pieces, or not as the CPU left them. */
function linesOf(small: readonly number[], now: Uint8Array, then: Uint8Array) {
  const lines = new Set(small);
  for (let line = 0; line < 4096 / lineBytes; line++) {
    const from = line * lineBytes;
    const [one, other] = [now, then].map((all) => all.subarray(from, from + lineBytes));
    if (Buffer.compare(one as Uint8Array, other as Uint8Array) !== 0) lines.add(line);
  }
  return [...lines].sort((one, other) => one - other);
}

/** Reads of the memory that was written, in as few pieces as lie together. */
function memoryReads(guest: Guest, trail: readonly Told[]): VectorStep[] {
  const cpu = written(trail);
  const small = smallLines(trail);
  return pagesIn(trail).flatMap((page) => {
    const now = memoryAt(guest, BigInt(page) << 12n, 4096);
    const lines = linesOf(small.get(page) ?? [], now, cpu.get(page) ?? new Uint8Array(4096));
    const runs: { from: number; to: number }[] = [];
    for (const line of lines) {
      const last = runs.at(-1);
      if (last?.to === line) last.to = line + 1;
      else runs.push({ from: line, to: line + 1 });
    }
    return runs.map(({ from, to }): VectorStep => {
      const [start, end] = [from * lineBytes, to * lineBytes];
      const address = (BigInt(page) << 12n) + BigInt(start);
      const request = { op: "readMemory", address, length: end - start } as const;
      return { request, expect: { bytes: now.slice(start, end) } };
    });
  });
}

/** What an answer of the model's says that has to be said. */
function expectationOf({ op }: Request, answer: Expectation): Expectation {
  const told = Object.entries(answer).filter(
    ([, value]) => value !== undefined && value !== false && !isEmpty(value),
  );
  const found = Object.fromEntries(told) as Expectation;
  return op === "translate" && found.read === undefined && found.write === undefined
    ? (({ at: _, ...rest }) => rest)(found)
    : found;
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/**
 * Makes the steps of a vector: each input as a request, with what the model answers, then reads of
 * the registers that it wrote or that have changed; in the end all registers, and the memory that
 * was written.
 *
 * @param inputs  such as a target can be given.
 */
export function makeSteps(profile: Profile, inputs: readonly Input[]): Made {
  const trail: Told[] = [];
  const steps: VectorStep[] = [];
  const inputOf: number[] = [];
  let guest: Guest | undefined;
  const target = modelTarget(profile, abilitiesOf(profile), {
    watch: (input, facts, before, after) => {
      trail.push({ input, facts, before, after });
      guest = after;
    },
  });
  const { length } = everyRegister(profile) as { readonly length: number };
  const all = { op: "readRegisters", offset: 0, length } as const;
  let image = ask(target, all).bytes ?? new Uint8Array();
  const add = (index: number, ...more: readonly VectorStep[]): void => {
    for (const step of more) {
      steps.push(step);
      inputOf.push(index);
    }
  };
  for (const [index, input] of inputs.entries()) {
    const request = requestOf(input);
    if (request === undefined) continue;
    add(index, { request, expect: expectationOf(request, ask(target, request)) });
    if (input.type === "MemoryWrite" || guest === undefined) continue;
    const next = imageOf(guest, length);
    add(index, ...readsAfter(profile, input, image, next));
    image = next;
  }
  if (guest === undefined) return { steps, trail, inputOf };
  const { mask } = allOpen(profile, image);
  add(inputs.length, { request: all, about: "all", expect: { bytes: image.slice(), mask } });
  add(inputs.length, ...memoryReads(guest, trail));
  return { steps, trail, inputOf };
}

/** Which bits of all registers count. */
function allOpen(profile: Profile, image: Uint8Array): { readonly mask: Uint8Array } {
  const mask = new Uint8Array(image.length).fill(0xff);
  for (const { name, offset, bytes } of registersOf(profile).specs) {
    const open = openBits(name, image.slice(offset, offset + bytes));
    if (open.or !== undefined) mask.fill(0, offset, offset + bytes);
    else if (open.mask !== undefined) mask.set(open.mask, offset);
  }
  return { mask };
}
