import type { Gpa, Hpa, Iova, SourceId } from "../events/address.ts";
import { gpa } from "../events/address.ts";
import { frozen } from "../events/frozen.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { TranslationState } from "../machines/context/translation.ts";
import { translation } from "../machines/context/translation.ts";
import type { KeepingOutState } from "../machines/host/keeping-out.ts";
import type { RemappingState } from "../machines/interrupt/remapping.ts";
import { remapping } from "../machines/interrupt/remapping.ts";
import type { LifeCycleState } from "../machines/life/life-cycle.ts";
import { lifeCycle } from "../machines/life/life-cycle.ts";
import type { ProtectionState } from "../machines/registers/protection.ts";
import { protection } from "../machines/registers/protection.ts";
import type { P2m } from "../tables/mapping.ts";
import type { Memory } from "../tables/memory.ts";
import { emptyMemory } from "../tables/memory.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { emptyTree } from "../tables/page-tree.ts";
import type { Radix } from "../tables/radix.ts";
import { emptyRadix } from "../tables/radix.ts";
import type { DeviceTlbs } from "./device/device-tlb.ts";
import { noDeviceTlbs } from "./device/device-tlb.ts";
import type { Devices } from "./device/devices.ts";
import { noDevices } from "./device/devices.ts";
import type { VirtualCache } from "./device/virtual-cache.ts";
import type { Faults } from "./fault/faults.ts";
import { noFaults } from "./fault/faults.ts";
import type { Space } from "./first-stage/space.ts";
import type { HostEntries } from "./host/host-entry.ts";
import type { InterruptTable, KnownEntry } from "./interrupt/interrupts.ts";
import { noInterruptTable } from "./interrupt/interrupts.ts";
import type { TableUse } from "./memory/table-use.ts";
import type { PageRequests } from "./page-request/page-requests.ts";
import { noPageRequests } from "./page-request/page-requests.ts";
import type { Queue } from "./queue/queue.ts";
import { noQueue } from "./queue/queue.ts";
import type { Shadows } from "./shadow/shadow.ts";
import { gpaLevels, noShadows } from "./shadow/shadow.ts";

/** A DMA that was translated and has not landed. */
export interface InFlight {
  readonly device: SourceId;
  readonly access: "read" | "write";
  readonly pasid: number | undefined;
  /** By what the device's own TLB held; the unit's caches and tables have no part in it. */
  readonly translated: boolean;
  readonly shadow: number | undefined;
  readonly space: number | undefined;
  readonly iova: Iova;
  readonly gpa: Gpa | undefined;
  readonly hpa: Hpa | undefined;
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
}

/** The states of the charts that keep nothing else. */
export interface ChartStates {
  readonly translation: TranslationState;
  readonly remapping: RemappingState;
  readonly protection: ProtectionState;
  readonly life: LifeCycleState;
}

/** One guest: its vIOMMU, its memory, its devices, and what the host keeps for them. */
export interface Guest {
  readonly index: number;
  /** What the unit can do; of one that is absent, what the next one is offered. */
  readonly profile: Profile;
  /** What the set-up offers: what a unit can do that the toolstack creates without saying. */
  readonly offered: Profile;
  /** GPA of the register page. */
  readonly base: Gpa;
  /** Software's registers; those that are views of other state are not here. */
  readonly registers: Registers;
  readonly charts: ChartStates;
  /** RTADDR as latched by SRTP. */
  readonly rootPointer: bigint;
  readonly compatibilityInterrupts: boolean;
  /** IRTA as latched by SIRTP. */
  readonly interruptTable: InterruptTable;
  /** The interrupt entry cache, by index. */
  readonly interruptCache: Radix<KnownEntry>;
  readonly queue: Queue;
  readonly faults: Faults;
  readonly memory: Memory;
  readonly p2m: P2m;
  /** How guest pages are used by walks, by guest page number. */
  readonly tables: Radix<TableUse>;
  readonly devices: Devices;
  /** By requester source-id and PASID. */
  readonly hosts: HostEntries;
  readonly shadows: Shadows;
  readonly nextShadow: number;
  /** What is cached of the guest's first stages, by number. */
  readonly spaces: Readonly<Record<number, Space>>;
  readonly nextSpace: number;
  /** The physical IOTLB's entries for pass-through: GPA to HPA. */
  readonly passThroughCache: PageTree;
  /** What virtual devices were told of second-stage tables: gIOVA to GPA. */
  readonly virtualCaches: readonly VirtualCache[];
  readonly inFlight: Readonly<Record<number, InFlight>>;
  /** What the devices themselves remember, and what they wait for. */
  readonly deviceTlbs: DeviceTlbs;
  readonly pageRequests: PageRequests;
  /**
   * How often the host's objects for the guest began anew: with its first physical device, and with
   * each restore. Their numbers are never used again (`calls/host-number.ts`).
   */
  readonly hostEpoch: number;
  /** Requesters whose requests the host blocks whatever the guest says, by `requesterKey`. */
  readonly keptOut: Radix<KeepingOutState>;
  /** Whether the host notes which pages devices write. */
  readonly dirtyTracking: boolean;
}

export const initialCharts: ChartStates = frozen({
  translation: translation.initial,
  remapping: remapping.initial,
  protection: protection.initial,
  life: lifeCycle.initial,
});

/** Where Xen's toolstack puts a unit. */
export const usualBase = gpa(0xfed9_0000n);

const noMemory: Memory = frozen(emptyMemory);

/** A guest whose unit was just reset; without memory, mappings and devices. */
export const emptyGuest = (index: number, profile: Profile, registers: Registers): Guest => ({
  index,
  profile,
  offered: profile,
  base: usualBase,
  registers,
  charts: initialCharts,
  rootPointer: 0n,
  compatibilityInterrupts: false,
  interruptTable: noInterruptTable,
  interruptCache: emptyRadix(),
  queue: noQueue,
  faults: noFaults(profile.nfr),
  memory: noMemory,
  p2m: emptyTree(gpaLevels(profile.haw), true),
  tables: emptyRadix(),
  devices: noDevices,
  hosts: emptyRadix(),
  shadows: noShadows,
  nextShadow: 1,
  spaces: {},
  nextSpace: 1,
  passThroughCache: emptyTree(gpaLevels(profile.haw), true),
  virtualCaches: [],
  inFlight: {},
  deviceTlbs: noDeviceTlbs,
  pageRequests: noPageRequests,
  hostEpoch: 0,
  keptOut: emptyRadix(),
  dirtyTracking: false,
});

/** A copy that may still be changed. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Puts some of a guest's charts into other states. */
export function moveCharts(guest: Draft<Guest>, charts: Partial<ChartStates>): void {
  guest.charts = { ...guest.charts, ...charts };
}

/**
 * The values of software's registers, one slot each 4 bytes of the fixed registers; the IOTLB
 * registers, whose place the capabilities choose, have the last two. Views of other state are not
 * stored.
 */
export type Registers = readonly bigint[];
