import { frozen } from "../events/frozen.ts";
import type { Access } from "../events/input.ts";

/** The version of the protocol: of the requests below and their answers. */
export const protocolVersion = 1;

/** What a target may be able to do besides registers, memory and DMA. */
export const abilities = frozen(["interrupts", "pasid", "ats", "pageRequests"] as const);
/** What a target may be able to do besides registers, memory and DMA. */
export type Ability = (typeof abilities)[number];

/** What a unit can do, as its registers VER, CAP and ECAP say it. */
export interface UnitWords {
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
}

/** A message of the unit's own: 32 bits of data to an address. */
export interface TargetMessage {
  readonly address: bigint;
  readonly data: number;
}

/** The answer to a group of page requests, which the unit passes on to its device. */
export interface PageResponse {
  readonly source: number;
  readonly group: number;
  readonly pasid?: number;
  readonly code: "success" | "invalid" | "failure";
}

/** What any answer may say besides. */
export interface Besides {
  /** Messages that the unit sent meanwhile, in order: fault, completion and page-request events. */
  readonly messages?: readonly TargetMessage[];
  /** Answers to groups of page requests that were passed on meanwhile, in order. */
  readonly responses?: readonly PageResponse[];
  /** Anything that helps a reader; it is told with the step, and not compared. */
  readonly note?: string;
}

/** Who a target is. */
export interface Hello extends UnitWords {
  readonly name: string;
  /** The version of the protocol that it speaks. */
  readonly version: number;
  readonly can?: readonly Ability[];
}

/** What a request with PASID carries and asks for. */
export interface PasidRights {
  readonly pasid?: number;
  readonly execute?: boolean;
  readonly privileged?: boolean;
}

/** A device reads or writes memory. It never crosses a page of 4 KiB. */
export interface DmaRequest extends PasidRights {
  /** The source-id that the request carries: bus, device, function. */
  readonly source: number;
  readonly address: bigint;
  readonly access: Access;
  readonly length: number;
  /** What is written. */
  readonly bytes?: Uint8Array;
}

/**
 * Where a DMA went and what it read there; the reason of the fault that blocked it; or that it was
 * blocked without one.
 */
export interface DmaAnswer extends Besides {
  /** Guest-physical address of the first byte. */
  readonly at?: bigint;
  /** Bytes of the mapping that led there, where it is larger than a page of 4 KiB. */
  readonly size?: bigint;
  readonly bytes?: Uint8Array;
  readonly fault?: number;
  /** Whether the fault was kept from being recorded, because an entry says so (FPD). */
  readonly suppressed?: boolean;
  /** Whether protected memory kept it away, of which nothing is reported. */
  readonly blocked?: boolean;
}

/** A device sends an MSI. */
export interface InterruptRequest {
  readonly source: number;
  readonly address: bigint;
  readonly data: number;
}

/**
 * The message that the interrupt controllers are handed; the reason of the fault; or neither of
 * them, where it was posted.
 */
export interface InterruptAnswer extends Besides {
  readonly address?: bigint;
  readonly data?: number;
  readonly fault?: number;
}

/** A device asks for a translation that it may keep. */
export interface TranslationRequest extends PasidRights {
  readonly source: number;
  readonly address: bigint;
  readonly access: Access;
}

/** What a device may keep: nothing without a right; or the reason of the fault. */
export interface TranslationAnswer extends Besides {
  readonly at?: bigint;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fault?: number;
}

/** A device asks the guest for a page. */
export interface PageRequest extends PasidRights {
  readonly source: number;
  readonly address: bigint;
  readonly read: boolean;
  readonly write: boolean;
  readonly group: number;
  readonly last: boolean;
}

/** What is asked of a target, by the name of the request. */
export interface Requests {
  readonly hello: { readonly version: number };
  /** The unit as it is made: with these capabilities, its memory all zeros. */
  readonly reset: UnitWords;
  readonly writeRegister: {
    readonly offset: number;
    readonly size: number;
    readonly value: bigint;
  };
  /** Bytes of the register page, as software reads them. */
  readonly readRegisters: { readonly offset: number; readonly length: number };
  /** The guest's CPU writes memory. */
  readonly writeMemory: { readonly address: bigint; readonly bytes: Uint8Array };
  readonly readMemory: { readonly address: bigint; readonly length: number };
  readonly dma: DmaRequest;
  readonly interrupt: InterruptRequest;
  readonly translate: TranslationRequest;
  readonly pageRequest: PageRequest;
  /** A device says that it has forgotten what it was asked to forget, or that it cannot. */
  readonly deviceAnswer: { readonly source: number; readonly result: "done" | "failed" };
}

/** What is answered, by the name of the request. */
export interface Answers {
  readonly hello: Hello;
  readonly reset: Besides;
  readonly writeRegister: Besides;
  readonly readRegisters: { readonly bytes: Uint8Array };
  readonly writeMemory: Besides;
  readonly readMemory: { readonly bytes: Uint8Array };
  readonly dma: DmaAnswer;
  readonly interrupt: InterruptAnswer;
  readonly translate: TranslationAnswer;
  readonly pageRequest: Besides;
  readonly deviceAnswer: Besides;
}

/** The name of a request. */
export type Operation = keyof Requests;

/** Requests without which nothing can be compared. */
export type NeededOperation = Exclude<
  Operation,
  "hello" | "interrupt" | "translate" | "pageRequest" | "deviceAnswer"
>;

/** Answers at once, or as soon as it can. */
export type Handler<O extends Operation> = (
  request: Requests[O],
) => Answers[O] | Promise<Answers[O]>;

/**
 * An implementation of a VT-d unit, with the memory that it translates to: what is asked of it, one
 * method a request. It is asked one thing at a time; `{}` says that nothing came of it.
 */
export type Implementation = Omit<Hello, "version"> & {
  readonly [O in NeededOperation]: Handler<O>;
} & { readonly [O in Exclude<Operation, NeededOperation | "hello">]?: Handler<O> };

/** One request. */
export type Request = {
  readonly [O in Operation]: { readonly op: O } & Requests[O];
}[Operation];
