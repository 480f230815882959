import type { Gpa } from "../events/address.ts";
import { gpa, gpaOfPage, hpaOfPage, iovaOfPage, sourceId } from "../events/address.ts";
import { ContextEntry } from "../events/context/context-entry.ts";
import { RootEntry } from "../events/context/root-entry.ts";
import type { Input, InputOf, PageSize } from "../events/input.ts";
import { pagesIn } from "../events/input.ts";
import { placeGuest } from "../events/log/recording-placement.ts";
import { profiles } from "../events/profile/profiles.ts";
import { Gcmd } from "../events/registers/command.ts";
import { at } from "../events/registers/offset.ts";
import type { GuestSetup, Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";
import type { Tables } from "./tables.ts";
import { tableWrites } from "./tables.ts";

/** The device, and the domain-id that it is in. */
export const device = sourceId(0x20);
export const did = 1;

/** Guest pages of the root table, the context table, the status word and the queue. */
const place = { root: 1, contexts: 2, status: 3, queue: 4 } as const;
export const statusAddress: Gpa = gpaOfPage(place.status);
export const queueAddress: Gpa = gpaOfPage(place.queue);

/** Guest pages that devices reach: 2^20 in mappings of 2 MiB and 4 KiB, as many in 1 GiB ones. */
const smallData = 8 * 512 ** 2;
const largeData = 16 * 512 ** 2;
export const dataPages = 2 ** 20;

type Range = GuestSetup["p2m"][number];

const range = (gfn: number, hfn: number, pages: number, pageSize: PageSize): Range => ({
  gpa: gpaOfPage(gfn),
  hpa: hpaOfPage(hfn),
  length: BigInt(pages) << 12n,
  pageSize,
  read: true,
  write: true,
});

/** Blocks of 2 MiB in another order in the host; each fourth is two halves that changed places. */
function smallRanges(): Range[] {
  const pages = pagesIn["2M"];
  const blocks = dataPages / pages;
  const host = 128 * 512 ** 2;
  return Array.from({ length: blocks }, (_, block) => {
    const gfn = smallData + block * pages;
    const hfn = host + ((block * 77 + 19) % blocks) * pages;
    if (block % 4 !== 3) return [range(gfn, hfn, pages, "2M")];
    const half = pages / 2;
    return [range(gfn, hfn + half, half, "4K"), range(gfn + half, hfn, half, "4K")];
  }).flat();
}

const largeRanges = (): Range[] =>
  [2, 0, 3, 1].map((to, from) => {
    const pages = pagesIn["1G"];
    return range(largeData + from * pages, (256 + to) * pages, pages, "1G");
  });

/** One guest behind a P2M of mixed sizes, with one physical device; its unit is of some profile. */
export function setupOf(profile: keyof typeof profiles = "qemu-legacy"): Setup {
  const { ver, cap, ecap } = profiles[profile];
  const p2m = [...placeGuest(2n ** 30n), ...smallRanges(), ...largeRanges()];
  return { guests: [{ ver, cap, ecap, p2m, devices: [{ device, physical: true }] }] };
}

/** The guest page of data number `index`, in order: contiguous in the guest. */
export const contiguousPage = (index: number): number => smallData + (index % dataPages);

/**
 * The guest page of data number `index`, out of order: no two neighbours are contiguous.
 *
 * @param span  how many pages they are all over: a power of two, 2^21 at most, half of it or all
 *   in mappings of 2 MiB and 4 KiB.
 */
export function scatteredPage(index: number, span = 2 * dataPages): number {
  const to = (index * 0x9e375) % span;
  return to < dataPages ? smallData + to : largeData + to - dataPages;
}

/** 128 bits as bytes, least significant first. */
export function wideBytes(word: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt.asUintN(64, word), true);
  view.setBigUint64(8, word >> 64n, true);
  return new Uint8Array(view.buffer);
}

export const memoryWrite = (to: Gpa, bytes: Uint8Array): InputOf<"MemoryWrite"> => ({
  type: "MemoryWrite",
  gpa: to,
  bytes,
  flushed: true,
});

export const registerWrite = (
  offset: number,
  size: number,
  value: bigint,
): InputOf<"RegisterWrite"> => ({ type: "RegisterWrite", offset, size, value });

/** The write that turns translation on, after which the shadow is there. */
export const enableTranslation: Input = registerWrite(
  at.gcmd,
  4,
  Gcmd.encode({ te: true, qie: true }),
);

/** Root entry, context entry, root pointer and queue. */
function bootInputs(tables: Tables): Input[] {
  const root = RootEntry.encode({ present: true, ctp: gpaOfPage(place.contexts) });
  const { levels4 } = ContextEntry.fields.aw.names;
  const ssptptr = gpaOfPage(tables.root);
  const context = ContextEntry.encode({ present: true, ssptptr, aw: levels4, did });
  const entry = gpaOfPage(place.contexts) + BigInt(device & 0xff) * 16n;
  return [
    memoryWrite(gpaOfPage(place.root), wideBytes(root)),
    memoryWrite(gpa(entry), wideBytes(context)),
    registerWrite(at.rtaddr, 8, gpaOfPage(place.root)),
    registerWrite(at.gcmd, 4, Gcmd.encode({ srtp: true })),
    registerWrite(at.iqa, 8, queueAddress),
    registerWrite(at.iqt, 8, 0n),
    registerWrite(at.gcmd, 4, Gcmd.encode({ qie: true })),
  ];
}

/**
 * Folds inputs that must be accepted.
 *
 * @throws Error when one is refused: the benchmark is wrong then.
 */
export function foldAll(world: World, inputs: readonly Input[]): World {
  let next = world;
  for (const input of inputs) {
    const folded = fold(next, input);
    const refused = folded.facts.find((fact) => fact.type === "InputRefused");
    if (refused?.type === "InputRefused") throw new Error(refused.why);
    next = folded.world;
  }
  return next;
}

/** A guest that is ready to turn translation on, with a unit of some profile. */
export const bootedWorld = (tables: Tables, profile?: keyof typeof profiles): World =>
  foldAll(createWorld(setupOf(profile)), [...tableWrites(tables), ...bootInputs(tables)]);

/** A guest with translation on. */
export const translatingWorld = (tables: Tables): World =>
  foldAll(bootedWorld(tables), [enableTranslation]);

export function guestOf(world: World): Guest {
  const [guest] = world.guests;
  if (guest === undefined) throw new Error("a world without a guest");
  return guest;
}

/** A read of the device's. */
export const dmaRead = (page: number): Input => ({
  type: "Dma",
  device,
  iova: iovaOfPage(page),
  access: "read",
});
