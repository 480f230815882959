import type { SourceId } from "../../events/address.ts";
import {
  ExtendedContextEntry,
  extendedTypes,
} from "../../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../../events/context/extended-pasid-entry.ts";
import type { InputOf } from "../../events/input.ts";
import {
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "../../events/queue/extended-layouts.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import type { Setup } from "../../events/setup.ts";
import { command, memory, qie, srtp, te, write8 } from "./driver.ts";
import type { Inputs } from "./given.ts";
import {
  below,
  contextTable,
  firstStage,
  firstStageTables,
  other,
  scalableRoot,
  secondStage,
  secondStageTables,
  words,
} from "./scalable-driver.ts";
import type { Changes } from "./unit.ts";
import { nvme, unit } from "./unit.ts";

type Context = Parameters<typeof ExtendedContextEntry.encode>[0];
type Pasid = Parameters<typeof ExtendedPasidEntry.encode>[0];

/**
 * The unit of the examples with extended contexts: PASIDs of 20 bits, nesting, page, execute and
 * supervisor requests; 00:04.0 and 00:05.0, both physical.
 */
export const extendedUnit = ({ cap, ecap, ...rest }: Changes = {}): Setup =>
  unit({
    devices: [
      { device: nvme, physical: true },
      { device: other, physical: true },
    ],
    ...rest,
    cap: { fl1gp: true, ...cap },
    ecap: {
      ...{ ecs: true, mts: true, nest: true, pasid: true, pss: 19, prs: true },
      ...{ ers: true, srs: true, eafs: true, nwfs: true },
      ...ecap,
    },
  });

/** The PASID table, of 1,024 entries; both devices share it. */
export const pasidTable = 0x1_1000n;
export const pts = 5;
/** The PASID whose first stage is that of `firstStageTables`. */
export const own = 0x41;
/** Domain-ids of 00:04.0 and 00:05.0. */
export const dids = { nvme: 1, other: 2 } as const;

/** Writes the context entry of a device. */
export const context = (fields: Context = {}, device: SourceId = nvme): InputOf<"MemoryWrite"> => {
  const entry = ExtendedContextEntry.encode({
    ...{ present: true, paside: true, pasidptr: pasidTable, pts },
    ...{ aw: 2, slptptr: secondStage.l4, did: device === nvme ? dids.nvme : dids.other },
    ...fields,
  });
  return memory(contextTable + BigInt(device) * 32n, ...words(entry, 4));
};

/** Writes the entry of a PASID. */
export const pasidEntry = (pasid: number, fields: Pasid = {}): InputOf<"MemoryWrite"> =>
  memory(
    pasidTable + BigInt(pasid) * 8n,
    ExtendedPasidEntry.encode({ present: true, flptptr: firstStage.l4, ...fields }),
  );

/** Root, contexts of both devices, the entry of `own`, first and second stage. */
export const extendedTables: Inputs = [
  memory(scalableRoot, contextTable | 1n, 0n),
  context(),
  context({}, other),
  pasidEntry(own),
  firstStageTables(),
  secondStageTables,
];

/** Of a context entry whose PASIDs are nested: the table is at an address of the second stage. */
export const nestedFields = { neste: true, pasidptr: below + pasidTable } as const;

/** What makes `own` of 00:04.0 a nested one: its tables name addresses of the second stage. */
export const nested: Inputs = [
  context(nestedFields),
  pasidEntry(own, { flptptr: below + firstStage.l4 }),
  firstStageTables(below),
];

/** SRTP and TE. */
export const switchedOn: Inputs = [command(srtp), command(te)];

/** The same with RTT in RTADDR before. */
export const extendedOn: Inputs = [
  write8(at.rtaddr, Rtaddr.encode({ rta: scalableRoot, ttm: Rtaddr.fields.ttm.names.extended })),
  switchedOn,
];

/** The tables are written and translation is on. */
export const extendedBooted: Inputs = [extendedTables, extendedOn];

/** IQA is the page at 0x8000, with descriptors of 16 bytes. */
const queue = 0x8000n;

/** The queue is on. */
export const extendedQueue: Inputs = [write8(at.iqa, queue), command(te | qie)];

/** Puts a descriptor into the queue, number `index` of it, and moves the tail. */
export const announce = (descriptor: bigint, index = 0): Inputs => [
  memory(queue + BigInt(index * 16), ...words(descriptor, 2)),
  write8(at.iqt, BigInt(index * 16 + 16)),
];

const cache = ExtendedPasidCacheDescriptor.fields.g.names;
const iotlb = ExtendedIotlbDescriptor.fields.g.names;

/** Descriptors. */
export const pasidsOf = (did: number): bigint =>
  ExtendedPasidCacheDescriptor.encode({ type: 7, g: cache.domain, did });
export const onePasid = (did: number, pasid: number): bigint =>
  ExtendedPasidCacheDescriptor.encode({ type: 7, g: cache.pasid, did, pasid });
export const extendedIotlb = (
  fields: Parameters<typeof ExtendedIotlbDescriptor.encode>[0] & { g: number },
): bigint => ExtendedIotlbDescriptor.encode({ type: 6, did: dids.nvme, ...fields });
export { extendedTypes, iotlb };
