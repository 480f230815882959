import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { arena, deviceOf, requesters } from "./arena.ts";
import type { Binding } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, pick, wordAt, writeBytes, writeWord } from "./driver.ts";

/** The kinds of translation of PASID entries. */
export const types = pasidTypes;

/** PASIDs that drivers use; the directory has room for 8192 at least. */
export const pasids = [0, 1, 2, 63, 64, 300] as const;

/** Entries of PASID directories that are in use. */
export const directoryIndices = [0, 1, 4] as const;

/** The GPA of a source-id's context entry in scalable mode. */
export const scalableContextAddress = (source: number): number =>
  pick(arena.scalableContexts, (source >> 8) % 3) * 4096 + (source & 0x7f) * 32;

/** What the fields of a context entry in scalable mode are to be. */
export interface ScalableContext {
  readonly present: boolean;
  readonly directory: number;
  readonly pdts: number;
  readonly ridPasid: number;
  /** All other bits: flags, and reserved ones by chance. */
  readonly bits: bigint;
}

/** How the words of an entry are written. */
interface Order {
  readonly count: number;
  /** The first word is the last to be written, as what has P needs. */
  readonly firstLast: boolean;
  /** What happens when the first of them is written and others are not. */
  readonly between?: (() => void) | undefined;
}

/** Writes 64-bit words one by one. */
export function writeWords(
  driver: Driver,
  at: number,
  word: bigint,
  { count, firstLast, between }: Order,
): void {
  const words = Array.from({ length: count }, (_, index) => ({
    place: at + index * 8,
    value: BigInt.asUintN(64, word >> BigInt(index * 64)),
  }));
  const changed = words.filter(({ place, value }) => wordAt(driver, place) !== value);
  for (const [index, { place, value }] of (firstLast ? changed.toReversed() : changed).entries()) {
    if (index === 1) between?.();
    writeWord(driver, place, value);
  }
}

/** Writes words as one. */
export function writeWhole(driver: Driver, at: number, word: bigint, count: number): void {
  for (let index = 0; index < count; index++) {
    driver.words.set(at + index * 8, BigInt.asUintN(64, word >> BigInt(index * 64)));
  }
  writeBytes(driver, at, bytesOf(word, count * 8), true);
}

/** The four words of a context entry as one number. */
export const contextWordOf = ({ directory, bits, ...fields }: ScalableContext): bigint =>
  bits | ScalableContextEntry.encode({ ...fields, pasiddirptr: BigInt(directory) << 12n });

/** The eight words of a PASID entry as one number. */
export const bindingWord = ({ present, pgtt, did, stage, domain, bits }: Binding): bigint =>
  bits |
  PasidEntry.encode({
    ...{ present, pgtt, did, aw: domain.levels - 2, fspm: stage.levels - 4 },
    ssptptr: BigInt(domain.root) << 12n,
    fsptptr: BigInt(stage.root) << 12n,
  });

const pageIn = (word: bigint): number => Number((word >> 12n) & 0xff_ffff_ffffn);

/** The GPA of the directory entry of a PASID. */
export const directoryAddress = (directory: number, pasid: number): number =>
  directory * 4096 + (pasid >> 6) * 8;

/** The GPA of the PASID entry as the driver wrote its directory; none where there is no table. */
export function bindingAddress(
  driver: Driver,
  directory: number,
  pasid: number,
): number | undefined {
  const word = wordAt(driver, directoryAddress(directory, pasid));
  return (word & 1n) === 0n ? undefined : pageIn(word) * 4096 + (pasid & 63) * 64;
}

/** One way from a device to a PASID entry. */
export interface Reach {
  readonly source: number;
  /** Whose requests carry the source-id. */
  readonly device: number;
  /** Of the requests; none for those without. */
  readonly pasid: number | undefined;
  /** The PASID whose entry is read. */
  readonly tag: number;
  /** GPA of the PASID entry. */
  readonly address: number;
  readonly binding: Binding;
}

/** Every way from devices to PASID entries that the driver has written, as it believes. */
export function reaches(driver: Driver): readonly Reach[] {
  const { contexts, bindings } = driver.scalable;
  const found: Reach[] = [];
  for (const source of requesters) {
    const context = contexts.get(source);
    if (context === undefined) continue;
    const { directory, ridPasid } = context;
    const add = (pasid: number | undefined, tag: number): void => {
      const address = bindingAddress(driver, directory, tag);
      const binding = address === undefined ? undefined : bindings.get(address);
      if (address === undefined || binding === undefined) return;
      found.push({ source, device: deviceOf(source), pasid, tag, address, binding });
    };
    add(undefined, ridPasid);
    if (!driver.profile.pasid) continue;
    // A request may not name the PASID of those without one.
    for (const pasid of pasids) if (pasid !== ridPasid) add(pasid, pasid);
  }
  return found;
}

/** Those that an entry, or a set of first-stage tables, serves. */
export const reachesOf = (driver: Driver, wanted: (reach: Reach) => boolean): readonly Reach[] =>
  reaches(driver).filter(wanted);
