// Length: one table of everything that a paste may say.

import type { Observation as TraceObservation } from "../audit/trace/observation.ts";
import type { Iova, SourceId } from "../events/address.ts";
import type { Access } from "../events/input.ts";

/** Whose lines they are. */
export type Origin = "Linux" | "Xen" | "QEMU" | "debugfs";

/** A fault as its line tells it; a member is missing where the line does not say it. */
export interface FaultSeen {
  readonly kind: "fault";
  readonly from: Origin;
  readonly of: "dma" | "interrupt";
  readonly access?: Access | undefined;
  readonly source?: SourceId | undefined;
  /** PCI segment, where it is not 0. */
  readonly segment?: number | undefined;
  readonly address?: bigint | undefined;
  readonly index?: number | undefined;
  /** `undefined` where the request had none, or nothing says it. */
  readonly pasid?: number | undefined;
  readonly reason?: number | undefined;
  /** The words behind the reason are those of one that is known, to their end. */
  readonly isNamed?: true | undefined;
  /** What is wrong with the line itself. */
  readonly doubt?: string | undefined;
  /** The level and entry that a message tells with the fault. */
  readonly level?: number | undefined;
  readonly entry?: bigint | undefined;
  /** Why the guest was not told. */
  readonly unrecorded?: "collapsed" | "dropped" | undefined;
}

/** The second line of a fault: why. */
export interface ReasonSeen {
  readonly kind: "reason";
  readonly reason: number;
  readonly isNamed?: true | undefined;
  readonly of: "dma" | "interrupt" | "unknown";
}

/** The fault status register, as the kernel read it. */
export interface StatusSeen {
  readonly kind: "status";
  readonly value: bigint;
}

/** More of the same were not printed. */
export interface SuppressedSeen {
  readonly kind: "suppressed";
  readonly count: number;
}

/** A dump of the tables for one address begins. */
export interface DumpBegan {
  readonly kind: "dumpBegan";
  readonly from: Origin;
  readonly unit: string;
  readonly source?: SourceId | undefined;
  readonly iova: bigint;
}

export type DumpTable = "root" | "context" | "PASID directory" | "PASID entry" | "page";

/** An entry of a dump. */
export interface EntrySeen {
  readonly kind: "entry";
  readonly table: DumpTable;
  /** The entry as far as it is shown, its lowest word first. */
  readonly words: readonly bigint[];
  /** Of a PASID entry: which of its words the first one is. */
  readonly at?: number | undefined;
  readonly level?: number | undefined;
  readonly index?: number | undefined;
  /** Of a root entry: the mode that its line names. */
  readonly scalable?: boolean | undefined;
}

/** A dump says that it ends here, and at which level for what reason. */
export interface DumpEnded {
  readonly kind: "dumpEnded";
  readonly why:
    | "noRootTable"
    | "noContextTable"
    | "noDirectory"
    | "noPasidTable"
    | "noPageTable"
    | "entryNotShown"
    | "entryNotPresent"
    | "levelNotSupported";
  readonly level?: number | undefined;
}

/** The invalidation queue reported an error. */
export interface QueueErrorSeen {
  readonly kind: "queueError";
  readonly from: Origin;
  readonly error: "IQE" | "ITE" | "ICE";
  /** IQEI of an IQE, else the source-id. */
  readonly value?: number | undefined;
}

/** A descriptor of an invalidation queue. */
export interface DescriptorSeen {
  readonly kind: "descriptor";
  readonly role: "head" | "before the head" | "ring" | "refused";
  readonly index?: number | undefined;
  readonly words: readonly bigint[];
  readonly status?: bigint | undefined;
  readonly said?: string | undefined;
}

/** Where a queue is. */
export interface QueueSeen {
  readonly kind: "queue";
  readonly unit: string;
  readonly base: bigint;
  /** In descriptors. */
  readonly head: number;
  readonly tail: number;
}

export interface RegisterSeen {
  readonly kind: "register";
  readonly unit: string;
  readonly name: string;
  readonly value: bigint;
}

/** A unit: where its registers lie, and what it can do. */
export interface UnitSeen {
  readonly kind: "unit";
  readonly name: string;
  readonly base?: bigint | undefined;
  readonly ver?: bigint | undefined;
  readonly cap?: bigint | undefined;
  readonly ecap?: bigint | undefined;
}

/** A reserved region of the firmware's table. */
export interface RegionSeen {
  readonly kind: "region";
  readonly base: bigint;
  readonly end: bigint;
}

/** Something else of the firmware's table, as the kernel lists it. */
export interface TableListed {
  readonly kind: "listed";
  readonly what: string;
  /** In bits, of the line that says it. */
  readonly hostAddressWidth?: number | undefined;
}

/** A row of `dmar_translation_struct`. */
export interface TranslationRow {
  readonly kind: "translationRow";
  readonly unit: string;
  readonly source: SourceId;
  readonly root: readonly [bigint, bigint];
  readonly context: readonly [bigint, bigint];
  /** Missing in legacy mode. */
  readonly pasid?: number | undefined;
  readonly pasidWords?: readonly [bigint, bigint, bigint] | undefined;
}

/** A unit's root table, as `dmar_translation_struct` begins. */
export interface RootTableSeen {
  readonly kind: "rootTable";
  readonly unit: string;
  readonly address: bigint;
}

/** A device's page table, as `domain_translation_struct` begins. */
export interface PageTableSeen {
  readonly kind: "pageTable";
  readonly source: SourceId;
  readonly pasid?: number | undefined;
  readonly root: bigint;
}

/** A row of it: entries by level 5 to 1, 0 where there is none. */
export interface PageRow {
  readonly kind: "pageRow";
  readonly source: SourceId;
  readonly pasid?: number | undefined;
  readonly root: bigint;
  readonly iova: Iova;
  readonly entries: readonly bigint[];
}

/** An entry of an interrupt remapping table. */
export interface InterruptRow {
  readonly kind: "interruptRow";
  readonly unit: string;
  readonly index: number;
  readonly entry: bigint;
  /** Bits of the entry that the row shows. */
  readonly shown: bigint;
}

/** An entry that a map line of Xen's shows: pages of 4 KiB. */
export interface MapRow {
  readonly kind: "mapRow";
  readonly domain: string;
  readonly frame: bigint;
  readonly target: bigint;
  readonly read: boolean;
  readonly write: boolean;
}

/** Something else that the driver or the emulator says, and what it means. */
export interface MessageSeen {
  readonly kind: "message";
  readonly from: Origin;
  readonly severity: "error" | "warning" | "information";
  /** What a message of this kind is called, to count it. */
  readonly what: string;
  readonly means: string;
  readonly facts?: Readonly<Record<string, string>> | undefined;
  readonly next?: readonly string[] | undefined;
}

/** A line of another architecture's IOMMU. */
export interface ForeignSeen {
  readonly kind: "foreign";
  readonly architecture: string;
}

/** What a line of QEMU's says of a fault, to be put together with those around it. */
export interface EmulatorSeen {
  readonly kind: "emulator";
  readonly seen: TraceObservation;
}

/** A line that is known and says nothing that matters here. */
export interface PlainSeen {
  readonly kind: "plain";
  readonly what: string;
}

export type Said =
  | FaultSeen
  | ReasonSeen
  | StatusSeen
  | SuppressedSeen
  | DumpBegan
  | EntrySeen
  | DumpEnded
  | QueueErrorSeen
  | DescriptorSeen
  | QueueSeen
  | RegisterSeen
  | UnitSeen
  | RegionSeen
  | TableListed
  | TranslationRow
  | RootTableSeen
  | PageTableSeen
  | PageRow
  | InterruptRow
  | MapRow
  | MessageSeen
  | ForeignSeen
  | EmulatorSeen
  | PlainSeen;

/** Something that was seen, and the line where it begins. */
export interface Observation<S extends Said = Said> {
  readonly line: number;
  readonly said: S;
}
