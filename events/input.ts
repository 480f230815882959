import type { Shape } from "./field.ts";
import {
  bytes,
  count,
  device,
  flag,
  gpaField,
  hpaField,
  integer,
  iovaField,
  length,
  oneOf,
  optional,
  record,
  saved,
  text,
  word,
} from "./field.ts";
import { frozen } from "./frozen.ts";

/** What a DMA does to memory. */
export const access = oneOf("read", "write");
/** A read or a write. */
export type Access = "read" | "write";

/** Sizes of a mapping in the P2M. */
export const pageSize = oneOf("4K", "2M", "1G");
/** The size of a mapping in the P2M. */
export type PageSize = "4K" | "2M" | "1G";

/** Pages of 4 KiB in a mapping of each size. */
export const pagesIn: Readonly<Record<PageSize, number>> = { "4K": 1, "2M": 512, "1G": 262_144 };

/**
 * What somebody else saw happen to a DMA, carried beside the input: judged by the replay, ignored
 * by the fold. Either the GPA that was reached or a fault as the guest's fault record showed it.
 */
const observedDma = record({
  gpa: optional(gpaField),
  reason: optional(integer(0, 255)),
});

/**
 * What somebody else saw happen to an interrupt request: the message that came of it, `address` and
 * `data`, or the reason for which it was blocked.
 */
const observedMsi = record({
  address: optional(word),
  data: optional(integer(0, 0xffff_ffff)),
  reason: optional(integer(0, 255)),
});

/** The process address space of a request; one without it belongs to the device as a whole. */
export const pasid = integer(0, 0xf_ffff);

/** What a request with PASID asks for besides its access. `execute` belongs to a read. */
const rights = { pasid: optional(pasid), privileged: optional(flag), execute: optional(flag) };

/** Which guest the input belongs to, from 0; the first when missing. */
const guest = optional(integer(0, 255));

/** Which of the interfaces that were posted for Xen speaks; the model's own when missing. */
const posted = optional(oneOf("rfc1", "v2", "v3", "v4"));

/**
 * Every input: what the outside did. The fields of each are its JSON form, its type and its
 * documentation.
 *
 * `RegisterWrite` and `RegisterRead` reach the vIOMMU's 4 KiB register page at any size from 1 to 8
 * bytes and any alignment. `MemoryWrite` is the guest's CPU; with `flushed` the bytes have left its
 * caches already. A `Dma` without an access is one whose direction nobody recorded: it is a read
 * when the page can be read, else a write. A DMA never crosses a 4 KiB page. `DmaIssue` translates
 * and keeps the request in flight until `DmaComplete`. `UnitCreate`, `UnitQuery` and `UnitDestroy`
 * are the toolstack's, in the words of one of the interfaces that were posted (docs/life-cycle.md);
 * `DeviceTranslate` is a device model that asks for one page. A DMA that is `translated` goes where
 * the device's own TLB says, which `AtsRequest` fills; `access` write asks for a page that can be
 * written. A `PageRequest` asks the guest for a page, as a part of a group that `last` ends. The
 * last four are what a host says to a unit whose translations its own hardware does: a fault that
 * it met, with the number of those before it that were `lost`; that the last call for a requester
 * did not succeed; that the requester may go on; that the pages that devices write are noted.
 */
export const inputs = frozen({
  RegisterWrite: { guest, offset: integer(0, 4095), size: integer(1, 8), value: word },
  RegisterRead: { guest, offset: integer(0, 4095), size: integer(1, 8), observed: optional(word) },
  MemoryWrite: { guest, gpa: gpaField, bytes, flushed: optional(flag) },
  CacheFlush: { guest, gpa: gpaField, length },
  Dma: {
    guest,
    device,
    iova: iovaField,
    length: optional(integer(1, 4096)),
    access: optional(access),
    ...rights,
    translated: optional(flag),
    bytes: optional(bytes),
    observed: optional(observedDma),
  },
  DmaIssue: {
    guest,
    tag: count,
    device,
    iova: iovaField,
    length: optional(integer(1, 4096)),
    access,
    ...rights,
    translated: optional(flag),
    bytes: optional(bytes),
  },
  DmaComplete: { guest, tag: count },
  MsiRequest: {
    guest,
    device: optional(device),
    address: word,
    data: integer(0, 0xffff_ffff),
    observed: optional(observedMsi),
  },
  IoapicRequest: { guest, device, rte: word },
  P2mMap: { guest, gpa: gpaField, hpa: hpaField, length, pageSize, read: flag, write: flag },
  P2mUnmap: { guest, gpa: gpaField, length },
  P2mProtect: { guest, gpa: gpaField, length, read: flag, write: flag },
  DeviceAssign: { guest, device, physical: flag, alias: optional(device) },
  DeviceRemove: { guest, device },
  DeviceTlbAnswer: { guest, device, result: oneOf("done", "failed") },
  InvalidationTimeout: { guest },
  UnitReset: { guest },
  UnitCreate: {
    guest,
    interface: posted,
    unitType: optional(word),
    base: gpaField,
    length: optional(word),
    caps: word,
    ver: optional(word),
    cap: optional(word),
    ecap: optional(word),
  },
  UnitQuery: { guest, interface: posted, unitType: optional(word) },
  UnitDestroy: { guest, interface: posted, id: optional(word) },
  UnitSave: { guest },
  UnitRestore: { guest, record: saved },
  DeviceTranslate: { guest, device, iova: iovaField, access: optional(access), ...rights },
  AtsRequest: { guest, device, iova: iovaField, access, ...rights },
  PageRequest: {
    guest,
    device,
    iova: iovaField,
    read: flag,
    write: flag,
    ...rights,
    group: integer(0, 511),
    last: flag,
  },
  HostFault: {
    guest,
    device,
    pasid: optional(pasid),
    iova: iovaField,
    access,
    reason: oneOf("unmapped", "permission", "firstStage"),
    lost: optional(count),
  },
  HostCallFailed: { guest, device, pasid: optional(pasid), result: oneOf("failed", "timedOut") },
  HostRelease: { guest, device, pasid: optional(pasid) },
  DirtyTracking: { guest, enabled: flag },
  Note: { guest, text },
} as const);

/** The name of an input. */
export type InputType = keyof typeof inputs;

/** One input by its type. */
export type InputOf<T extends InputType> = { readonly type: T } & Shape<(typeof inputs)[T]>;

/** What the outside did. */
export type Input = { [T in InputType]: InputOf<T> }[InputType];
