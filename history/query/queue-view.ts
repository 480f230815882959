import { hex } from "../../events/address.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { kindOf } from "../../events/queue/extended-descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import { registerValue } from "../../projections/registers/registers.ts";
import { pageAsWritten, wordsIn } from "../../tables/memory.ts";

/** One place of an invalidation queue, as it stands in guest memory. */
export interface QueuePlace {
  /** In bytes from the queue's start. */
  readonly offset: number;
  readonly gpa: bigint;
  /** The descriptor's 128 or 256 bits. */
  readonly word: bigint;
  /** What it says: its name, and its fields that are not 0. */
  readonly text: string;
  readonly isHead: boolean;
  readonly isTail: boolean;
  /** It lies from the head to before the tail. */
  readonly isWaiting: boolean;
}

/** An invalidation queue. */
export interface QueueView {
  readonly state: string;
  readonly base: bigint;
  /** Bytes of the queue, and of one descriptor. */
  readonly bytes: number;
  readonly step: 16 | 32;
  readonly head: number;
  readonly tail: number;
}

/** Where a guest's queue lies and how far it is. */
export function queueOf(guest: Guest): QueueView {
  const { state, address, head } = guest.queue;
  const { base, bytes, step } = queueGeometry(address);
  return { state, base, bytes, step, head, tail: Number(registerValue(guest, at.iqt)) };
}

const valueText = (value: unknown): string =>
  typeof value === "bigint" ? hex(value) : typeof value === "number" ? hex(value) : "";

/** A descriptor in words, as a unit reads it. */
export function descriptorText(word: bigint, profile: Pick<Profile, "ecs">): string {
  const { type, spec } = kindOf(word, profile);
  if (spec === undefined) return `no descriptor of type ${hex(type)}`;
  const { name, layout } = spec;
  const named = Object.entries(layout.fields).flatMap(([field, of]) => {
    const value = layout.decode(word)[field];
    if (/^type/.test(field) || !value) return [];
    const names = of.kind === "code" ? Object.entries(of.names) : [];
    const known = names.find(([, code]) => code === value)?.[0];
    return [value === true ? field : `${field}=${known ?? valueText(value)}`];
  });
  return [name, ...named].join(" ");
}

/**
 * Some places of a guest's queue, from a place on; the queue goes round.
 *
 * @param first  a place, which may lie before or behind the queue: it is taken round.
 */
export function queuePlaces(guest: Guest, first: number, count: number): readonly QueuePlace[] {
  const { base, bytes, step, head, tail } = queueOf(guest);
  const places = bytes / step;
  const waiting = (tail - head + bytes) % bytes;
  return Array.from({ length: count }, (_, index) => {
    const offset = ((((first + index) % places) + places) % places) * step;
    const gpa = base + BigInt(offset);
    const page = pageAsWritten(guest.memory, Number(gpa >> 12n));
    const word = wordsIn(page, offset % 4096, step / 8);
    return {
      offset,
      gpa,
      word,
      text: descriptorText(word, guest.profile),
      isHead: offset === head,
      isTail: offset === tail,
      isWaiting: (offset - head + bytes) % bytes < waiting,
    };
  });
}
