// Length: one table of every fact, which is read as a whole.

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
  list,
  oneOf,
  optional,
  pageField,
  saved,
  text,
  wideWord,
  word,
} from "./field.ts";
import { frozen } from "./frozen.ts";
import { access, pageSize, pasid } from "./input.ts";
import { deliveryModes } from "./interrupt/interrupt-entry.ts";
import { outcomes, sizes } from "./page.ts";

/** Which guest the fact belongs to, from 0; the first when missing. */
const guest = optional(integer(0, 255));

const domain = integer(0, 0xffff);

/** Which entry of the interrupt remapping table. */
const interruptIndex = integer(0, 0xffff);

const outcome = oneOf(...outcomes);

const size = oneOf(...sizes);

/** Errors that halt the invalidation queue, by their bits in FSTS. */
export const queueErrors = frozen(["IQE", "ICE", "ITE"] as const);
/** Why a queue halted. */
export type QueueError = (typeof queueErrors)[number];
const halt = oneOf(...queueErrors);
const line = oneOf("fault", "invalidation", "pageRequest");
/** The unit's own interrupts. */
export type EventLine = "fault" | "invalidation" | "pageRequest";

/** What the host's IOMMU does with some requests. */
export const hostStates = frozen([
  "blocked",
  "passThrough",
  "shadowed",
  "nested",
  "virtual",
  "refused",
] as const);
/** What the host's IOMMU does with some requests. */
export type HostState = (typeof hostStates)[number];

/** What a group of page requests is answered. */
export const responses = frozen(["success", "invalid", "failure"] as const);
/** What a group of page requests is answered. */
export type PageResponse = (typeof responses)[number];

/** What the toolstack is told of an operation on a unit: the posted interface's error codes. */
export const operationResults = frozen(["0", "-E2BIG", "-EINVAL", "-ENOSYS"] as const);
/** What the toolstack is told. */
export type OperationResult = (typeof operationResults)[number];

/** A shadow: the tables of one domain-id and root. */
const shadow = count;

/** What the host keeps of a first stage: of one domain-id, PASID and root. */
const space = count;

/** What a request carries and asks for besides its access. */
const rights = { pasid: optional(pasid), privileged: optional(flag), execute: optional(flag) };

/** What a page request asks for. */
const pageRequest = {
  iova: iovaField,
  read: flag,
  write: flag,
  ...rights,
  group: integer(0, 511),
  last: flag,
};

/**
 * Every fact: what followed from an input. `ShadowMapped` is one run: `count` pages of 4 KiB,
 * contiguous in IOVA, GPA and HPA alike, each part of a host mapping of `size` and of a guest
 * mapping of `guestSize`; `ShadowBlocked` is a run that the guest maps and the P2M does not;
 * `ShadowUnmapped` one that the guest does not map either. `ShadowShared` repeats what the `length`
 * bytes at `from` hold, `copies` times from `iova` on; `ShadowLinked` what those at each of `from`
 * hold, one after the other. `ShadowReread`: a shadow some table of which lies in many places was
 * read as a whole, whatever an invalidation covered. `DeviceTranslationAnswered` gives the first
 * byte of the page in `gpa`; `mask` has 1 in the address bits that the page gives.
 * `TranslationAnswered` is what a device puts into its own TLB: nothing without `read` and `write`;
 * `execute` is the right that was granted; `untranslated` tells it to use the address as it is.
 * `DeviceTlbInvalidated` asks a device to forget; it has forgotten once it answers. What
 * `HostDeviceTlbFlushed` names the host has made it forget. `HostFaultRelayed` says whose
 * affair a fault of the host's hardware is: the `guest`'s, whose fault record follows; the
 * `host`'s own; or `nobody`'s any more, since what was missing has come.
 */
export const facts = frozen({
  InputRefused: { guest, why: text },
  UnitWasReset: { guest },
  UnitCreated: { guest, base: gpaField, ver: word, cap: word, ecap: word },
  UnitDestroyed: { guest },
  UnitOperationAnswered: {
    guest,
    operation: oneOf("create", "query", "destroy"),
    result: oneOf(...operationResults),
    id: optional(count),
    caps: optional(word),
  },
  UnitSaved: { guest, record: saved },
  UnitRestored: { guest, record: saved },
  RegisterSet: { guest, offset: integer(0, 4095), value: word },
  RegisterAnswered: { guest, offset: integer(0, 4095), size: integer(1, 8), value: word },
  MemoryWritten: { guest, gpa: gpaField, bytes },
  MemoryWriteDropped: { guest, gpa: gpaField, length, why: oneOf("hole", "readOnly") },

  RootPointerLatched: { guest, value: word },
  TranslationEnabled: { guest },
  TranslationDisabled: { guest },
  WriteBufferFlushed: { guest },
  WriteBufferDrained: { guest },
  InterruptTableLatched: { guest, value: word },
  InterruptRemappingEnabled: { guest },
  InterruptRemappingDisabled: { guest },
  CompatibilityInterruptsAllowed: { guest },
  CompatibilityInterruptsBlocked: { guest },
  ProtectedMemoryEnabled: { guest },
  ProtectedMemoryDisabled: { guest },

  QueueEnabled: { guest, value: word },
  QueueDisabled: { guest },
  DescriptorFetched: { guest, head: count, descriptor: wideWord },
  DescriptorCompleted: { guest, head: count, wait: flag },
  QueueHalted: { guest, error: halt, iqei: integer(0, 15), source: optional(device) },
  CompletionFailed: { guest, source: device },
  QueueErrorCleared: { guest, error: halt },
  QueueResumed: { guest },
  QueueStarted: { guest },
  QueueEmptied: { guest },
  QueueDraining: { guest },
  QueueDrained: { guest },
  WaitCompleted: { guest, interrupt: flag },
  CompletionCleared: { guest },
  WaitAborted: { guest },

  ContextInvalidated: {
    guest,
    scope: oneOf("global", "domain", "device"),
    did: optional(domain),
    source: optional(device),
    mask: optional(integer(0, 3)),
  },
  IotlbInvalidated: {
    guest,
    scope: oneOf("global", "domain", "page"),
    did: optional(domain),
    iova: optional(iovaField),
    length: optional(length),
    leafOnly: optional(flag),
  },
  PasidCacheInvalidated: {
    guest,
    scope: oneOf("global", "domain", "pasid"),
    did: optional(domain),
    pasid: optional(pasid),
  },
  PasidIotlbInvalidated: {
    guest,
    scope: oneOf("domain", "pasid", "page"),
    did: domain,
    pasid: optional(pasid),
    iova: optional(iovaField),
    length: optional(length),
    leafOnly: optional(flag),
  },
  DeviceTlbInvalidated: {
    guest,
    device,
    iova: iovaField,
    length,
    pasid: optional(pasid),
    global: optional(flag),
  },
  DeviceTlbAnswered: { guest, device, result: oneOf("done", "failed") },
  DeviceTlbsGivenUp: { guest },
  HostDeviceTlbFlushed: { guest, device, pasid: optional(pasid), iova: iovaField, length },
  InterruptEntriesInvalidated: { guest, first: optional(count), count: optional(count) },

  HostEntryChanged: {
    guest,
    source: device,
    pasid: optional(pasid),
    state: oneOf(...hostStates),
    did: domain,
    reason: optional(integer(0, 255)),
    fpd: flag,
    tag: optional(pasid),
    sre: optional(flag),
    ere: optional(flag),
    privileged: optional(flag),
    ats: optional(flag),
    pri: optional(flag),
    shadow: optional(shadow),
    space: optional(space),
    root: optional(gpaField),
    levels: optional(integer(3, 5)),
  },
  HostEntryDropped: { guest, source: device, pasid: optional(pasid) },
  ShadowCreated: { guest, shadow, did: domain, root: gpaField, levels: integer(3, 5) },
  ShadowDropped: { guest, shadow },
  FirstStageCreated: {
    guest,
    space,
    did: domain,
    pasid,
    root: gpaField,
    levels: integer(4, 5),
    shadow: optional(shadow),
    second: optional(gpaField),
    secondLevels: optional(integer(3, 5)),
    virtual: flag,
    wpe: flag,
    nxe: flag,
    smep: flag,
    eafe: flag,
  },
  FirstStageDropped: { guest, space },
  FirstStageTablesCached: {
    guest,
    space,
    iova: iovaField,
    level: integer(1, 4),
    tables: list(gpaField),
    rights: list(integer(0, 7)),
  },
  TableShadowed: { guest, shadow, table: gpaField, level: integer(1, 5), iova: iovaField },
  TableShared: { guest, shadow, table: gpaField, level: integer(1, 5) },
  ContextTableUsed: { guest, table: gpaField },
  ShadowMapped: {
    guest,
    shadow,
    iova: iovaField,
    count,
    gpa: gpaField,
    hpa: hpaField,
    size,
    guestSize: size,
    read: outcome,
    write: outcome,
  },
  ShadowBlocked: {
    guest,
    shadow,
    iova: iovaField,
    count,
    gpa: gpaField,
    guestSize: size,
    read: outcome,
    write: outcome,
  },
  ShadowUnmapped: { guest, shadow, iova: iovaField, count, read: outcome, write: outcome },
  ShadowShared: { guest, shadow, iova: iovaField, length, from: iovaField, copies: count },
  ShadowLinked: { guest, shadow, iova: iovaField, length, from: list(iovaField) },
  ShadowReread: { guest, shadow },
  HostIotlbFlushed: {
    guest,
    shadow: optional(shadow),
    space: optional(space),
    iova: iovaField,
    length,
  },

  DmaTranslated: {
    guest,
    tag: optional(count),
    device,
    iova: iovaField,
    access,
    ...rights,
    translated: optional(flag),
    gpa: optional(gpaField),
    hpa: optional(hpaField),
    size,
    read: flag,
    write: flag,
    length: integer(1, 4096),
    bytes: optional(bytes),
  },
  DmaLanded: {
    guest,
    tag: optional(count),
    device,
    access,
    gpa: optional(gpaField),
    hpa: optional(hpaField),
    bytes: optional(bytes),
  },
  DmaBlocked: {
    guest,
    device,
    iova: iovaField,
    access,
    ...rights,
    reason: optional(integer(0, 255)),
    host: optional(oneOf("hole", "protected", "unassigned", "refused", "off", "keptOut")),
  },
  TranslationAnswered: {
    guest,
    device,
    iova: iovaField,
    access,
    ...rights,
    gpa: optional(gpaField),
    hpa: optional(hpaField),
    size: optional(size),
    read: flag,
    write: flag,
    untranslated: optional(flag),
    host: optional(oneOf("hole", "protected", "refused")),
  },
  TranslationBlocked: {
    guest,
    device,
    iova: iovaField,
    access,
    ...rights,
    reason: optional(integer(0, 255)),
    host: optional(oneOf("unassigned", "off", "keptOut")),
  },
  DeviceTranslationAnswered: {
    guest,
    device,
    iova: iovaField,
    ...rights,
    gpa: optional(gpaField),
    size: optional(size),
    mask: optional(word),
    read: flag,
    write: flag,
    reason: optional(integer(0, 255)),
    host: optional(oneOf("hole", "protected", "refused", "interrupt")),
  },
  InterruptRequested: { guest, device, address: word, data: integer(0, 0xffff_ffff) },
  InterruptEntryCached: { guest, index: interruptIndex, entry: wideWord },
  InterruptDelivered: {
    guest,
    source: optional(device),
    index: optional(interruptIndex),
    destination: integer(0, 0xffff_ffff),
    vector: integer(0, 255),
    deliveryMode: oneOf(...deliveryModes),
    destinationMode: oneOf("physical", "logical"),
    trigger: oneOf("edge", "level"),
    redirectionHint: flag,
  },
  InterruptPosted: {
    guest,
    source: optional(device),
    index: interruptIndex,
    descriptor: gpaField,
    vector: integer(0, 255),
    urgent: flag,
  },
  NotificationSent: { guest, destination: integer(0, 0xffff_ffff), vector: integer(0, 255) },
  InterruptBlocked: {
    guest,
    source: optional(device),
    index: optional(interruptIndex),
    reason: integer(0, 255),
  },

  PageRequested: { guest, device, ...pageRequest },
  PageRequestQueued: { guest, device, ...pageRequest, tail: count },
  PageRequestDropped: {
    guest,
    device,
    ...pageRequest,
    reason: optional(integer(0, 255)),
    why: optional(oneOf("overflow", "off", "unsupported", "keptOut")),
  },
  PageRequestsOverflowed: { guest },
  PageRequestsCleared: { guest },
  PageRequestOverflowCleared: { guest },
  PageGroupAnswered: {
    guest,
    device,
    pasid: optional(pasid),
    group: integer(0, 511),
    response: oneOf(...responses),
    automatic: optional(flag),
  },
  PageGroupIgnored: { guest, device, pasid: optional(pasid), group: integer(0, 511) },

  HostFaultRelayed: {
    guest,
    device,
    pasid: optional(pasid),
    iova: iovaField,
    access,
    to: oneOf("guest", "host", "nobody"),
    lost: optional(count),
  },
  FaultRecorded: {
    guest,
    index: integer(0, 255),
    source: device,
    reason: integer(0, 255),
    page: pageField,
    access,
    ...rights,
    request: optional(oneOf("translation", "translated", "page")),
  },
  FaultCollapsed: { guest, source: device, reason: integer(0, 255) },
  FaultSuppressed: { guest, source: device, reason: integer(0, 255) },
  FaultDropped: { guest, source: device, reason: integer(0, 255) },
  FaultOverflowed: { guest },
  OverflowCleared: { guest },
  FaultCleared: { guest, index: integer(0, 255) },
  EventPended: { guest, line },
  EventUnpended: { guest, line },
  EventSent: { guest, line, address: word, data: integer(0, 0xffff_ffff) },

  P2mMapped: { guest, gpa: gpaField, hpa: hpaField, length, pageSize, read: flag, write: flag },
  P2mUnmapped: { guest, gpa: gpaField, length },
  P2mProtected: { guest, gpa: gpaField, length, read: flag, write: flag },
  DeviceAssigned: { guest, device, physical: flag, alias: optional(device) },
  DeviceRemoved: { guest, device },
  DeviceKeptOut: {
    guest,
    source: device,
    pasid: optional(pasid),
    result: oneOf("failed", "timedOut"),
  },
  DeviceLetIn: { guest, source: device, pasid: optional(pasid) },
  DirtyTrackingBegun: { guest },
  DirtyTrackingEnded: { guest },
} as const);

/** The name of a fact. */
export type FactType = keyof typeof facts;

/** One fact by its type. */
export type FactOf<T extends FactType> = { readonly type: T } & Shape<(typeof facts)[T]>;

/** A fact of one of some types. */
export type OneFactOf<T extends FactType> = { [K in T]: FactOf<K> }[T];

/** What followed from an input. */
export type Fact = OneFactOf<FactType>;
