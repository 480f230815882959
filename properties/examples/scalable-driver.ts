import type { Iova, SourceId } from "../../events/address.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import type { Setup } from "../../events/setup.ts";
import { command, memory, srtp, te, write8 } from "./driver.ts";
import type { Inputs } from "./given.ts";
import type { Changes } from "./unit.ts";
import { nvme, unit } from "./unit.ts";

type Context = Parameters<typeof ScalableContextEntry.encode>[0];
type Pasid = Parameters<typeof PasidEntry.encode>[0];

/** 00:05.0, a second device. */
export const other = 0x28 as SourceId;

/**
 * The unit of the examples with scalable mode: every translation type, PASIDs of 20 bits, execute
 * and supervisor requests, first stages of 5 levels; 00:04.0 and 00:05.0, both physical.
 */
export const scalableUnit = ({ cap, ecap, ...rest }: Changes = {}): Setup =>
  unit({
    devices: [
      { device: nvme, physical: true },
      { device: other, physical: true },
    ],
    ...rest,
    cap: { fl1gp: true, fl5lp: true, ...cap },
    ecap: {
      ...{ smts: true, ssts: true, flts: true, nest: true, pasid: true, pss: 19 },
      smpwcs: ecap?.c ?? true,
      ...{ rps: true, rprivs: true, ers: true, srs: true, eafs: true, nwfs: true },
      ...ecap,
    },
  });

/** Where the tables lie. Device functions of both devices are in the lower half of bus 0. */
export const scalableRoot = 0x1000n;
export const contextTable = 0x2000n;
export const pasidDirectory = 0x1_0000n;
export const pasidTable = 0x1_1000n;
/** First-stage tables of levels 4, 3, 2, 1 and 5, a page each; then the second stage's, 4 to 1. */
export const firstStage = { l4: 0x2_0000n, l3: 0x2_1000n, l2: 0x2_2000n, l1: 0x2_3000n } as const;
export const firstStage5 = 0x2_4000n;
export const secondStage = { l4: 0x3_0000n, l3: 0x3_1000n, l2: 0x3_2000n, l1: 0x3_3000n } as const;

/** The address that first stages map, to `data`. */
export const gva = 0x1_2345_6000n;
/** The page that is reached: a guest address, or one of the second stage under nesting. */
export const data = 0x7000n;
/** The second stage maps the 64 pages from here on to GPA 0 to 0x3ffff. */
export const below = 0x4000_0000n;

/** PASIDs by their translation type, and that of requests without one; all in one table. */
export const pasids = {
  firstStage: 0x41,
  secondStage: 0x42,
  nested: 0x43,
  passThrough: 0x44,
  rid: 0x4f,
} as const;
/** Their domain-ids; no two things here have the same number. */
export const dids = { firstStage: 1, secondStage: 2, nested: 3, passThrough: 4, rid: 5 } as const;

/** A wide word as words of 64 bits, the lowest first. */
export const words = (word: bigint, count: number): readonly bigint[] =>
  Array.from({ length: count }, (_, index) => BigInt.asUintN(64, word >> BigInt(index * 64)));

/** Where the entry of an address lies in a table of a level. */
export const slot = (table: bigint, level: number, address: bigint): bigint =>
  table + ((address >> BigInt(3 + 9 * level)) & 511n) * 8n;

/** Writes the context entry of a device. */
export const context = (fields: Context = {}, device: SourceId = nvme): InputOf<"MemoryWrite"> => {
  const entry = ScalableContextEntry.encode({
    ...{ present: true, paside: true, pasiddirptr: pasidDirectory, ridPasid: pasids.rid },
    ...fields,
  });
  return memory(contextTable + BigInt(device) * 32n, ...words(entry, 4));
};

/** Writes the entry of a PASID from 0x40 to 0x7f. */
export const pasidEntry = (pasid: number, fields: Pasid): InputOf<"MemoryWrite"> =>
  memory(
    pasidTable + BigInt(pasid & 63) * 64n,
    ...words(PasidEntry.encode({ present: true, ...fields }), 8),
  );

const { levels4 } = PasidEntry.fields.aw.names;
const second: Pasid = { aw: levels4, ssptptr: secondStage.l4 };

/** Entries of each type over the tables of `scalableTables`, with fields of their own. */
export const firstStageEntry = (fields: Pasid = {}): Pasid => ({
  ...{ pgtt: pasidTypes.firstStage, did: dids.firstStage, fsptptr: firstStage.l4 },
  ...fields,
});
export const secondStageEntry = (fields: Pasid = {}): Pasid => ({
  ...{ pgtt: pasidTypes.secondStage, did: dids.secondStage, ...second },
  ...fields,
});
/** The first-stage root is an address of the second stage. */
export const nestedEntry = (fields: Pasid = {}): Pasid => ({
  ...{ pgtt: pasidTypes.nested, did: dids.nested, ...second, fsptptr: below + firstStage.l4 },
  ...fields,
});
export const passThroughEntry = (fields: Pasid = {}): Pasid => ({
  ...{ pgtt: pasidTypes.passThrough, did: dids.passThrough },
  ...fields,
});

/** P, R/W and U/S of a first-stage entry; R and W of a second-stage one. */
export const user = 7n;
export const readWrite = 3n;

/**
 * The first-stage tables: `gva` to `data`, both user and writable. Under nesting `offset` is
 * `below`, so that every address in them is one of the second stage.
 */
export const firstStageTables = (offset = 0n): Inputs => [
  memory(slot(firstStage.l4, 4, gva), (offset + firstStage.l3) | user),
  memory(slot(firstStage.l3, 3, gva), (offset + firstStage.l2) | user),
  memory(slot(firstStage.l2, 2, gva), (offset + firstStage.l1) | user),
  memory(slot(firstStage.l1, 1, gva), (offset + data) | user),
];

/** A level above the other four, for first stages of 5. */
export const fifthLevel = (offset = 0n): Input =>
  memory(slot(firstStage5, 5, gva), (offset + firstStage.l4) | user);

/** The second-stage tables: 64 pages from `below` on, page by page, to GPA 0 on. */
export const secondStageTables: Inputs = [
  memory(slot(secondStage.l4, 4, below), secondStage.l3 | readWrite),
  memory(slot(secondStage.l3, 3, below), secondStage.l2 | readWrite),
  memory(slot(secondStage.l2, 2, below), secondStage.l1 | readWrite),
  memory(
    slot(secondStage.l1, 1, below),
    ...Array.from({ length: 64 }, (_, page) => (BigInt(page) << 12n) | readWrite),
  ),
];

/**
 * Root, contexts of both devices, directory, an entry for each PASID of `pasids`, first and second
 * stage. Requests without PASID meet the second stage in a domain of their own. The first-stage
 * tables name guest addresses: for the nested PASID add `firstStageTables(below)`.
 */
export const scalableTables: Inputs = [
  memory(scalableRoot, contextTable | 1n, 0n),
  context(),
  context({}, other),
  memory(pasidDirectory + BigInt(pasids.firstStage >> 6) * 8n, pasidTable | 1n),
  pasidEntry(pasids.firstStage, firstStageEntry()),
  pasidEntry(pasids.secondStage, secondStageEntry()),
  pasidEntry(pasids.nested, nestedEntry()),
  pasidEntry(pasids.passThrough, passThroughEntry()),
  pasidEntry(pasids.rid, secondStageEntry({ did: dids.rid })),
  firstStageTables(),
  secondStageTables,
];

/** RTADDR with scalable mode, SRTP and TE. */
export const scalableOn: Inputs = [
  write8(at.rtaddr, Rtaddr.encode({ rta: scalableRoot, ttm: Rtaddr.fields.ttm.names.scalable })),
  command(srtp),
  command(te),
];

/** The tables are written and translation is on. */
export const scalableBooted: Inputs = [scalableTables, scalableOn];

/** What a request with PASID asks for besides its access. */
export interface Rights {
  readonly pasid?: number;
  readonly privileged?: true;
  readonly execute?: true;
}

/** A DMA with a PASID, or without. */
export const pasidDma = (
  access: "read" | "write",
  iova: bigint,
  rights: Rights,
  device: SourceId = nvme,
): InputOf<"Dma"> => ({
  type: "Dma",
  ...{ device, iova: iova as Iova, access, length: 8 },
  ...rights,
});
export const readsAs = (pasid: number, iova: bigint, device?: SourceId): Input =>
  pasidDma("read", iova, { pasid }, device);
export const writesAs = (pasid: number, iova: bigint, device?: SourceId): Input =>
  pasidDma("write", iova, { pasid }, device);
