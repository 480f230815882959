import { numberAt } from "../events/acpi/little-endian.ts";
import type { Guest } from "../projections/guest.ts";
import { registersOf, registerValue } from "../projections/registers/registers.ts";
import { byteIn, half, pageAt } from "../tables/memory.ts";
import type { MemoryPart } from "./sight.ts";

/** One register that differs. */
export interface RegisterDifference {
  readonly name: string;
  readonly offset: number;
  readonly model: bigint;
  readonly target: bigint;
}

const fields = ["registers", "charts", "faults", "queue", "pageRequests"] as const;

let last: { readonly guest: Guest; readonly image: Uint8Array } | undefined;

/** The bytes of the register page as software reads them. */
export function imageOf(guest: Guest, registerBytes: number): Uint8Array {
  if (last?.image.length === registerBytes) {
    const { guest: before } = last;
    const isSame = fields.every((field) => before[field] === guest[field]);
    if (isSame && before.compatibilityInterrupts === guest.compatibilityInterrupts) {
      return last.image;
    }
  }
  const image = new Uint8Array(registerBytes);
  for (const { offset, bytes, writeOnly, unread } of registersOf(guest.profile).specs) {
    if (writeOnly || offset >= registerBytes) continue;
    let value = registerValue(guest, offset) & ~unread;
    for (let byte = 0; byte < bytes && value !== 0n; byte++) {
      image[offset + byte] = Number(value & 0xffn);
      value >>= 8n;
    }
  }
  last = { guest, image };
  return image;
}

/** The registers of which the target shows something else than the model. */
export function differingRegisters(
  guest: Guest,
  target: Uint8Array,
): readonly RegisterDifference[] {
  const image = imageOf(guest, target.length);
  if (Buffer.compare(image, target) === 0) return [];
  return registersOf(guest.profile).specs.flatMap(({ name, offset, bytes }) => {
    if (offset >= target.length) return [];
    const [model, found] = [numberAt(image, offset, bytes), numberAt(target, offset, bytes)];
    return model === found ? [] : [{ name, offset, model, target: found }];
  });
}

/** Bytes of the guest's memory as devices read them. */
export function memoryAt(guest: Guest, address: bigint, length: number): Uint8Array {
  const page = pageAt(guest.memory, Number(address >> 12n));
  const offset = Number(address & 0xfffn);
  const bytes = new Uint8Array(length);
  if (page === undefined) return bytes;
  for (let index = 0; index < length; index++) bytes[index] = byteIn(page, offset + index);
  return bytes;
}

/** 32 bits of memory that are not as the model has them. */
export interface WordDifference {
  readonly at: number;
  readonly model: number;
  readonly target: number;
}

/** Where a part of memory is not as the model has it. */
export function differingWords(
  guest: Guest,
  { at: first, bytes }: MemoryPart,
): readonly WordDifference[] {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: WordDifference[] = [];
  for (let from = 0; from < bytes.length; from += 4096) {
    const page = pageAt(guest.memory, (first + from) / 4096);
    for (let index = 0; index < 1024; index++) {
      const offset = from + index * 4;
      const at = first + offset;
      const [model, target] = [half(page, index), words.getUint32(offset, true)];
      if (model !== target) found.push({ at, model, target });
    }
  }
  return found;
}
