import type { Gpa, Hpa } from "../../events/address.ts";
import { gpa, hpa } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Size } from "../../events/page.ts";
import { frameOf, ok, readCode, sizeName, sizeOf, writeCode } from "../../tables/mapping.ts";
import type { Answer } from "../device/page-answer.ts";
import { faultOf } from "../device/page-answer.ts";
import type { PathTable } from "./path-table.ts";

/** A page with what it grants. */
export interface Grants {
  readonly size: Size;
  readonly read: boolean;
  readonly write: boolean;
}

type Fault = { readonly fault: number };

type Hole = { readonly hole: true };

/** The host has no way to do what the guest asks, and refuses the device by name. */
export type Refusal = { readonly refused: true };

/** A guest page, or the reason of the fault. */
export type InGuest = ({ readonly gpa: Gpa } & Grants) | Fault;

/** A host page, the reason of the fault, or a hole of the P2M. */
export type InHost = ({ readonly hpa: Hpa } & Grants) | Fault | Hole;

/** What the TLB of a device holds: a guest page if the device is virtual, else a host page. */
export type InDevice = ({ readonly gpa: Gpa } | { readonly hpa: Hpa }) & Grants;

/** One entry that the guest's walk reads. */
export interface TranslationStep {
  readonly table: PathTable;
  /** Of a first- or second-stage table. */
  readonly level: number | undefined;
  /** GPA of the entry in bytes. */
  readonly address: Gpa;
  /** All bits of the entry, 64 to 512; 0 when it cannot be read. */
  readonly entry: bigint;
  /** Where the host keeps it, if the P2M lets it be read. */
  readonly host: Hpa | undefined;
  /** A second-stage entry that was read to reach the next first-stage entry, or its page. */
  readonly below: boolean;
}

/** One address three ways, now. */
export interface Translation {
  /** By the guest's own tables. */
  readonly guest: InGuest;
  /** By the guest's tables and then the P2M. */
  readonly composed: InHost;
  /**
   * By what the host keeps: host entry and shadow; for a virtual device, what its model would be
   * told.
   */
  readonly shadow: InHost | Refusal;
  /**
   * What the device's own TLB holds for it, a guest page if the device is virtual: a translated
   * request goes there until the device is made to forget.
   */
  readonly deviceTlb: InDevice | undefined;
  /** Whether a change on the path was not announced, and the first event that made one. */
  readonly pending: { readonly since: number } | undefined;
  /** Composed and shadow say the same; what the host refuses by name is no difference. */
  readonly agree: boolean;
  /**
   * Why the request itself makes the unit read the entries of its device and PASID: it is the first
   * with that PASID, or what was read before faulted, which is not kept without caching mode. What
   * the host keeps is then what it keeps once that is done. `undefined` where it reads none.
   */
  readonly reads: "firstUse" | "notKept" | undefined;
  /** The tables are those of scalable mode, or extended ones: there may be two stages. */
  readonly scalable: boolean;
  readonly steps: readonly TranslationStep[];
}

const grantsOf = (mapping: number): Grants => ({
  size: sizeName(sizeOf(mapping)),
  read: readCode(mapping) === ok,
  write: writeCode(mapping) === ok,
});

export function inGuest(given: Answer, offset: bigint, write: boolean): InGuest {
  const fault = faultOf(given, write);
  if (fault !== 0) return { fault };
  return { gpa: gpa((BigInt(given.gfn ?? 0) << 12n) + offset), ...grantsOf(given.mapping) };
}

export function inHost(given: Answer, offset: bigint, write: boolean): InHost {
  const fault = faultOf(given, write);
  if (fault > 0) return { fault };
  if (fault < 0) return { hole: true };
  const address = hpa((BigInt(frameOf(given.mapping)) << 12n) + offset);
  return { hpa: address, ...grantsOf(given.mapping) };
}

/** What a device's TLB holds, if that is something. */
export function inDevice(held: number, virtual: boolean, offset: bigint): InDevice | undefined {
  if (held === 0) return undefined;
  const address = (BigInt(frameOf(held)) << 12n) + offset;
  return { ...(virtual ? { gpa: gpa(address) } : { hpa: hpa(address) }), ...grantsOf(held) };
}

export const nowhere: Translation = {
  guest: { fault: reason.rootNotPresent },
  composed: { hole: true },
  shadow: { hole: true },
  deviceTlb: undefined,
  pending: undefined,
  agree: true,
  reads: undefined,
  scalable: false,
  steps: [],
};
