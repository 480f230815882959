import type { Gpa, Hpa, SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import { command, memory, qie, srtp, te, write8 } from "../../properties/examples/driver.ts";
import { words } from "../../properties/examples/scalable-driver.ts";
import type { Changes } from "../../properties/examples/unit.ts";
import { guestWith, hostBase, range } from "../../properties/examples/unit.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";
import type { PageRole } from "../canonical/layout.ts";

/** 00:04.0 and 00:05.0, which can do the same. */
export const devices = [0x20 as SourceId, 0x28 as SourceId] as const;

/** Where the driver keeps what the unit reads, by guest pages. */
export const place = { root: 1, contexts: 2, ring: 9, status: 10, spare: 11 } as const;

/** The three tables of a domain of three levels, from the top. */
export interface Tables {
  readonly did: number;
  readonly pages: readonly [number, number, number];
}
export const domains: readonly Tables[] = [
  { did: 1, pages: [3, 4, 5] },
  { did: 2, pages: [6, 7, 8] },
];

/** Guest pages that are given to devices; they lie in one block of 32. */
export const dataPages = [16, 17] as const;
/** The host frame behind a guest page at first. */
export const frameOf = (gfn: number): number => Number(hostBase >> 12n) + gfn;

/** Pages of IOVA that map them. */
export const iovaPages = [0x40, 0x41] as const;
export const iovaOf = (index: number): bigint => BigInt(iovaPages[index] ?? 0) << 12n;

/** The bytes of a guest page begin here. */
export const gpaOf = (gfn: number): bigint => BigInt(gfn) << 12n;

/** The entry of a page of IOVA in the lowest table of a domain. */
export const leafOf = ({ pages }: Tables, index: number): bigint =>
  gpaOf(pages[2]) + BigInt(iovaPages[index] ?? 0) * 8n;

/** What an entry says that maps a guest page for reading and writing. */
export const entryTo = (gfn: number): bigint => gpaOf(gfn) | 3n;

/** Where the context entry of a device is. */
export const contextOf = (device: SourceId): bigint => gpaOf(place.contexts) + BigInt(device) * 16n;

/** Faults are not recorded. */
const fpd = 2n;

/** The context entry of a domain, or of none; `devices` may have TLBs of their own. */
export const contextTo = (tables: Tables | undefined, hasTlb: boolean): readonly bigint[] =>
  tables === undefined
    ? [fpd, 0n]
    : [gpaOf(tables.pages[0]) | fpd | (hasTlb ? 5n : 1n), BigInt(tables.did << 8) | 1n];

/** The upper tables of a domain, which stay as they are. */
export const upperTables = ({ pages: [top, middle, leaf] }: Tables): readonly Input[] => [
  memory(gpaOf(top), entryTo(middle)),
  memory(gpaOf(middle), entryTo(leaf)),
];

/** What the words of tables name, by page. */
export const tableRoles = (all: readonly Tables[]): ReadonlyMap<number, PageRole> =>
  new Map<number, PageRole>([
    ...all.flatMap(({ pages: [top, middle, leaf] }): [number, PageRole][] => [
      [top, { holds: "entries" }],
      [middle, { holds: "entries" }],
      [leaf, { holds: "entries", first: 0 }],
    ]),
    [place.contexts, { holds: "contexts" }],
    [place.ring, { holds: "descriptors" }],
  ]);

const pages = 20n;

/** A guest of 20 pages, each mapped by itself, with both devices. */
export const smallGuest = (changes: Changes = {}): GuestSetup =>
  guestWith({
    p2m: [range(0n, hostBase, pages << 12n, "4K")],
    devices: devices.map((device) => ({ device, physical: true })),
    ...changes,
  });

/** Root pointer, translation and queue on. */
export const turnOn: readonly Input[] = [
  memory(gpaOf(place.root), gpaOf(place.contexts) | 1n, 0n),
  write8(at.rtaddr, gpaOf(place.root)),
  command(srtp),
  command(te),
  write8(at.iqa, gpaOf(place.ring)),
  command(te | qie),
];

/** What software reads of a register of the first guest. */
export const readRegister = ({ guests: [guest] }: World, offset: number, size = 4): bigint =>
  guest === undefined ? 0n : readBytes(guest, offset, size);

/** A word of the first guest's memory. */
export const readWord = ({ guests: [guest] }: World, gpa: bigint): bigint =>
  wordIn(guest && pageAt(guest.memory, Number(gpa >> 12n)), Number(gpa & 0xfffn));

const ringBytes = 4096;

/** What puts descriptors of some words of 64 bits behind the tail of a ring. */
function newSubmitter(wordCount: 2 | 4) {
  const bytes = wordCount * 8;
  const slotCount = ringBytes / bytes;
  // A driver writes the same descriptors into the same slots.
  const writes = new Map<bigint, Input[]>();
  const tailWrites: Input[] = [];
  const descriptorWrite = (descriptor: bigint, slot: number): Input => {
    const known = writes.get(descriptor) ?? [];
    writes.set(descriptor, known);
    const gpa = gpaOf(place.ring) + BigInt(slot * bytes);
    known[slot] ??= memory(gpa, ...words(descriptor, wordCount));
    return known[slot];
  };
  return (world: World, ...descriptors: readonly bigint[]): readonly Input[] => {
    const inputs: Input[] = [];
    let slot = Number(readRegister(world, at.iqt, 8)) / bytes;
    for (const one of descriptors) {
      inputs.push(descriptorWrite(one, slot));
      slot = (slot + 1) % slotCount;
    }
    const tailWrite = tailWrites[slot] ?? write8(at.iqt, BigInt(slot * bytes));
    tailWrites[slot] = tailWrite;
    return [...inputs, tailWrite];
  };
}

/** Puts descriptors behind the tail and moves it, as a driver does that reads IQT. */
export const submitted = newSubmitter(2);

/** The same in a queue of descriptors of 32 bytes. */
export const submittedWide = newSubmitter(4);

/** Descriptors that the unit has not passed. */
export const outstanding = (world: World): number => {
  const head = Number(readRegister(world, at.iqh, 8));
  const tail = Number(readRegister(world, at.iqt, 8));
  return ((tail - head + ringBytes) % ringBytes) / 16;
};

/** The host's side: taking a page from a guest, and mapping it in another. */
export const unmapPage = (guest: number, gfn: number): Input => ({
  type: "P2mUnmap",
  ...(guest === 0 ? {} : { guest }),
  gpa: gpaOf(gfn) as Gpa,
  length: 0x1000n,
});
export const mapPage = (guest: number, gfn: number): Input => ({
  type: "P2mMap",
  ...(guest === 0 ? {} : { guest }),
  gpa: gpaOf(gfn) as Gpa,
  hpa: gpaOf(frameOf(gfn)) as Hpa,
  length: 0x1000n,
  pageSize: "4K",
  read: true,
  write: true,
});
