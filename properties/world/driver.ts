import type { SourceId } from "../../events/address.ts";
import { gpa } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import type { Input } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { faultRecordAt } from "../../events/registers/offset.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { arena } from "./arena.ts";
import type { Asker, Domain, Request, Scalable } from "./belief.ts";

/** How a driver announces what it changes: as it must, too little, or not at all. */
export type Manner = "proper" | "narrow" | "none";

/** A guest's driver: what it believes of its tables, and the inputs that it has made so far. */
export interface Driver {
  readonly guest: number;
  readonly profile: Profile;
  /** IOVA pages that it works with. */
  readonly pool: readonly number[];
  /** Inputs of all guests, in order. */
  readonly inputs: Input[];
  /** Words of tables as it wrote them, by GPA. */
  readonly words: Map<number, bigint>;
  readonly domains: Map<number, Domain>;
  /** Domain-ids by source-id. */
  readonly attached: Map<number, number>;
  /** Table pages that it never used or has freed. */
  free: readonly number[];
  /** Table pages that it has written. */
  readonly used: Set<number>;
  /** What it mapped at some time: a domain-id and an IOVA page. */
  readonly mapped: { readonly did: number; readonly page: number }[];
  /** Byte offset of the next descriptor. */
  tail: number;
  /** Levels of what GCMD holds: TE, QIE, IRE. */
  command: number;
  nextTag: number;
  steals: number;
  /** Whether it has written to memory and not flushed the write buffer since. */
  isBuffered: boolean;
  /** Whether the root tables that it last set are those of scalable mode. */
  isScalable: boolean;
  /** Bytes of a descriptor in the queue that it last set up. */
  step: 16 | 32;
  readonly scalable: Scalable;
  /** Requests that are made again and again. */
  readonly recent: Request[];
  /** Source-ids of devices that were asked to forget and have not answered. */
  readonly owing: number[];
  /** Pages that devices asked to translate, to keep. */
  readonly requested: (Asker & { readonly page: number })[];
  /** How many page requests devices have made. */
  asked: number;
  /** Groups of page requests that are not answered yet. */
  readonly groups: (Asker & { readonly group: number })[];
  /** For whom a call of the host failed, and what they asked for. */
  readonly keptOut: KeptOut[];
}

/** A device and a PASID, or none, and a page that it may use. */
export interface KeptOut {
  readonly device: SourceId;
  readonly page: number;
  readonly whose: { readonly pasid?: number };
}

export const newDriver = (
  guest: number,
  setup: GuestSetup,
  pool: readonly number[],
  inputs: Input[],
): Driver => ({
  guest,
  profile: profileOf(setup),
  pool,
  inputs,
  words: new Map(),
  domains: new Map(),
  attached: new Map(),
  free: arena.tables,
  used: new Set(),
  mapped: [],
  tail: 0,
  command: 0,
  nextTag: 1,
  steals: 0,
  isBuffered: false,
  isScalable: false,
  step: 16,
  scalable: {
    stages: [],
    bindings: new Map(),
    contexts: new Map(),
    mapped: [],
    free: arena.firstStage,
  },
  recent: [],
  owing: [],
  requested: [],
  asked: 0,
  groups: [],
  keptOut: [],
});

/** Adds an input of the driver's guest. */
export function emit(driver: Driver, input: Input): void {
  driver.inputs.push(driver.guest === 0 ? input : { ...input, guest: driver.guest });
}

/** Little-endian bytes of a number. */
export function bytesOf(value: bigint, count: number): Uint8Array {
  const words = Math.ceil(count / 8);
  const view = new DataView(new ArrayBuffer(words * 8));
  let rest = value;
  for (let word = 0; word < words; word++) {
    view.setBigUint64(word * 8, BigInt.asUintN(64, rest), true);
    rest >>= 64n;
  }
  return new Uint8Array(view.buffer, 0, count);
}

/** Writes bytes as the CPU; without coherent walks, `flush` makes them visible. */
export function writeBytes(driver: Driver, at: number, bytes: Uint8Array, flush: boolean): void {
  const address = gpa(BigInt(at));
  driver.isBuffered = driver.profile.rwbf;
  const isFlush = flush && !driver.profile.coherent;
  const atOnce = isFlush && driver.inputs.length % 3 !== 0;
  emit(driver, { type: "MemoryWrite", gpa: address, bytes, ...(atOnce ? { flushed: true } : {}) });
  if (!isFlush || atOnce) return;
  emit(driver, { type: "CacheFlush", gpa: address, length: BigInt(bytes.length) });
}

/** Writes an 8-byte word; `torn` as two halves, the upper one first. */
export function writeWord(
  driver: Driver,
  at: number,
  value: bigint,
  { flush = true, torn = false }: { readonly flush?: boolean; readonly torn?: boolean } = {},
): void {
  driver.words.set(at, value);
  if (!torn) {
    writeBytes(driver, at, bytesOf(value, 8), flush);
    return;
  }
  writeBytes(driver, at + 4, bytesOf(value >> 32n, 4), flush);
  writeBytes(driver, at, bytesOf(value, 4), flush);
}

export const wordAt = (driver: Driver, at: number): bigint => driver.words.get(at) ?? 0n;

/** Writes zeros over a page. */
export function clearPage(driver: Driver, page: number): void {
  for (const at of driver.words.keys()) {
    if (Math.floor(at / 4096) === page) driver.words.set(at, 0n);
  }
  writeBytes(driver, page * 4096, new Uint8Array(4096), true);
}

export const writeRegister = (driver: Driver, offset: number, size: number, value: bigint): void =>
  emit(driver, { type: "RegisterWrite", offset, size, value });

const recordHeld = FaultRecord.mask("f");

/** Clears a fault record, by a write of its last 4 or 8 bytes. */
export function clearFaultRecord(driver: Driver, index: number, size: 4 | 8 = 4): void {
  const from = FaultRecord.width / 8 - size;
  const offset = faultRecordAt(driver.profile, index) + from;
  writeRegister(driver, offset, size, recordHeld >> BigInt(from * 8));
}

export const readRegister = (driver: Driver, offset: number, size: number): void =>
  emit(driver, { type: "RegisterRead", offset, size });

/** An item by any number. */
export function pick<T>(items: readonly T[], draw: number): T {
  const item = items[draw % items.length];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}
