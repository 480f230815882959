import type { TableData } from "../../calls/call.ts";
import { isCanonical, isLeaf, refusal, touched } from "./first-entry.ts";
import type { Extent, Extents } from "./host-extents.ts";
import { extentAt } from "./host-extents.ts";
import type { HostSpace, HostTable, Kernel } from "./host-kernel.ts";
import { keyOf } from "./host-kernel.ts";
import type { Space } from "./pasid-entry.ts";
import type { Unit } from "./walk.ts";
import { ones } from "./word.ts";

/** What the host's hardware is like, and what stands in its memory. */
export interface Hardware {
  /** Its capabilities, of which this asks for pages of 1 GiB alone. */
  readonly unit: Unit;
  /** The 64-bit word at an 8-byte aligned HPA, or `undefined` where there is nothing. */
  readonly read64: (hpa: bigint) => bigint | undefined;
}

/** One request for a page. */
export interface HostRequest {
  readonly source: number;
  readonly pasid: number | undefined;
  /** Address divided by 4096. */
  readonly page: number;
  readonly write: boolean;
  readonly privileged: boolean;
  readonly execute: boolean;
}

/** The entry of a table that serves a page, in bytes. */
const entryOf = (table: bigint, page: number, level: number): bigint =>
  table + ((BigInt(page) >> BigInt(9 * (level - 1))) & 511n) * 8n;

/** The page that a leaf gives to one of its pages. */
function pageIn(value: bigint, page: number, level: number): number {
  const offset = ones(9 * level - 10, 0);
  const frame = (value & ones(51, 12)) >> 12n;
  return Number((frame & ~offset) | (BigInt(page) & offset));
}

const rules = new WeakMap<TableData, Space>();

/** The first stage of a table as the walk's rules want it: over a second stage. */
function rulesOf({ data }: HostTable): Space {
  const known = rules.get(data);
  if (known !== undefined) return known;
  const made = { ...data, did: 0, pasid: 0, second: { did: 0, root: 0n, levels: 4 } };
  rules.set(data, made);
  return made;
}

/** The frame of a page of an extent. */
const frameIn = ({ first, frame }: Extent, page: number): number => frame + page - first;

/** The frame of a page that some mappings let be read, or written; or nothing. */
function frameAt(extents: Extents, page: number, write: boolean): number | undefined {
  const extent = extentAt(extents, page);
  if (extent === undefined || !(write ? extent.write : extent.read)) return undefined;
  return frameIn(extent, page);
}

/**
 * The host frame that a first stage leads to. Its tables lie where the space below says; a walk
 * sets accessed and dirty bits there, which it must be able to write.
 */
function walk(
  { unit, read64 }: Hardware,
  { extents }: HostSpace,
  table: HostTable,
  request: HostRequest,
): number | undefined {
  const { page, privileged, execute, write } = request;
  const space = rulesOf(table);
  if ((execute && !table.data.ere) || (privileged && !table.data.sre)) return undefined;
  if (!isCanonical(page, space.levels)) return undefined;
  const asked = { access: write ? "write" : "read", privileged, execute } as const;
  let next = space.root;
  let user = true;
  for (let level = space.levels; level > 0; level--) {
    const at = entryOf(next, page, level);
    const below = Number(at >> 12n);
    const extent = extentAt(extents, below);
    if (extent?.read !== true) return undefined;
    const value = read64((BigInt(frameIn(extent, below)) << 12n) | (at & 0xfffn));
    if (value === undefined) return undefined;
    user &&= (value & 4n) !== 0n;
    if (refusal(unit, space, { level, value }, asked, user) !== undefined) return undefined;
    if (touched(space, level, value, asked.access) !== value && !extent.write) return undefined;
    if (isLeaf(level, value)) return frameAt(extents, pageIn(value, page, level), write);
    next = value & ones(51, 12);
  }
  return undefined;
}

/**
 * The host frame that a request reaches by what the kernel was told alone; `undefined` where it is
 * blocked. Of what lies in the interrupt range without PASID this knows nothing.
 */
export function reach(
  kernel: Kernel,
  hardware: Hardware,
  request: HostRequest,
): number | undefined {
  const target = kernel.attachments.get(keyOf(request))?.target;
  if (target === undefined || target.to === "blocked") return undefined;
  if (target.to === "space") {
    const space = kernel.spaces.get(target.space);
    return space && frameAt(space.extents, request.page, request.write);
  }
  const table = kernel.tables.get(target.table);
  const below = table && kernel.spaces.get(table.over);
  return table && below && walk(hardware, below, table, request);
}
