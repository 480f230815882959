// Length: one call after the other, each with what it is refused for.

import type { Call, Requester, TableData, Target } from "../../calls/call.ts";
import type { Extents } from "./host-extents.ts";
import { withExtent, withoutPages } from "./host-extents.ts";

/** A second stage of the host. */
export interface HostSpace {
  readonly kind: "p2m" | "shadow";
  readonly extents: Extents;
  /** Which pages devices write is noted. */
  readonly tracks: boolean;
}

/** A first stage of the guest over one. */
export interface HostTable {
  readonly over: number;
  readonly data: TableData;
}

export interface Attachment {
  readonly requester: Requester;
  readonly target: Target;
}

/**
 * What the host's kernel keeps for one guest, as iommufd's documents have it: IO address spaces,
 * page tables of the guest over them, and where each device and PASID is attached. Immutable.
 */
export interface Kernel {
  readonly spaces: ReadonlyMap<number, HostSpace>;
  readonly tables: ReadonlyMap<number, HostTable>;
  /** By `keyOf`; who is not here is blocked. */
  readonly attachments: ReadonlyMap<number, Attachment>;
  /** Numbers that were given once. */
  readonly usedSpaces: ReadonlySet<number>;
  readonly usedTables: ReadonlySet<number>;
}

export const emptyKernel: Kernel = {
  spaces: new Map(),
  tables: new Map(),
  attachments: new Map(),
  usedSpaces: new Set(),
  usedTables: new Set(),
};

/** One number for a source-id and a PASID, or none. */
export const keyOf = ({ source, pasid }: Who): number =>
  source + (pasid === undefined ? 0 : pasid + 1) * 0x1_0000;

interface Who {
  readonly source: number;
  readonly pasid: number | undefined;
}

/** The kernel after a call, or why it refuses it. */
type Outcome = Kernel | string;

type CallOf<Name extends Call["call"]> = Extract<Call, { call: Name }>;

const withSpace = (kernel: Kernel, id: number, space: HostSpace): Kernel => ({
  ...kernel,
  spaces: new Map(kernel.spaces).set(id, space),
});

function without<T>(map: ReadonlyMap<number, T>, key: number): ReadonlyMap<number, T> {
  const left = new Map(map);
  left.delete(key);
  return left;
}

/** The space below where a target leads. */
export function spaceBelow(kernel: Kernel, target: Target): number | undefined {
  if (target.to === "space") return target.space;
  return target.to === "table" ? kernel.tables.get(target.table)?.over : undefined;
}

/** Whom requests lead to a space, at once or by a table over it. */
export const attachedOver = (kernel: Kernel, space: number): readonly Attachment[] =>
  [...kernel.attachments.values()].filter(({ target }) => spaceBelow(kernel, target) === space);

/** Who is attached to a table. */
export const attachedTo = (kernel: Kernel, table: number): readonly Attachment[] =>
  [...kernel.attachments.values()].filter(
    ({ target }) => target.to === "table" && target.table === table,
  );

/** The pages of a range in bytes, or what is wrong with it. */
function pagesOf(input: bigint, length: bigint): { first: number; count: number } | string {
  if (input < 0n || length <= 0n || (input | length) & 0xfffn) return "it is not made of pages";
  if (input + length > 1n << 64n) return "it goes beyond 64 bits";
  return { first: Number(input >> 12n), count: Number(length >> 12n) };
}

function createSpace(kernel: Kernel, { space, kind }: CallOf<"createSpace">): Outcome {
  if (kernel.usedSpaces.has(space)) return `space ${space} was there before`;
  const made = withSpace(kernel, space, { kind, extents: [], tracks: false });
  return { ...made, usedSpaces: new Set(kernel.usedSpaces).add(space) };
}

function destroySpace(kernel: Kernel, { space }: CallOf<"destroySpace">): Outcome {
  if (!kernel.spaces.has(space)) return `there is no space ${space}`;
  if (attachedOver(kernel, space).length > 0) return `space ${space} is in use`;
  const isBelow = [...kernel.tables.values()].some(({ over }) => over === space);
  if (isBelow) return `space ${space} lies below a table`;
  return { ...kernel, spaces: without(kernel.spaces, space) };
}

function map(kernel: Kernel, call: CallOf<"map">): Outcome {
  const space = kernel.spaces.get(call.space);
  if (space === undefined) return `there is no space ${call.space}`;
  const { input, length, host, read, write } = call;
  const pages = pagesOf(input, length);
  if (typeof pages === "string") return `what is mapped: ${pages}`;
  const frames = pagesOf(host, length);
  if (typeof frames === "string") return `where it is mapped: ${frames}`;
  if (!(read || write)) return "a mapping without any right";
  const extents = withExtent(space.extents, { ...pages, frame: frames.first, read, write });
  if (extents === undefined) return "something there is mapped already";
  return withSpace(kernel, call.space, { ...space, extents });
}

function unmap(kernel: Kernel, call: CallOf<"unmap">): Outcome {
  const space = kernel.spaces.get(call.space);
  if (space === undefined) return `there is no space ${call.space}`;
  const pages = pagesOf(call.input, call.length);
  if (typeof pages === "string") return `what is unmapped: ${pages}`;
  const extents = withoutPages(space.extents, pages.first, pages.first + pages.count);
  if (extents === space.extents) return kernel;
  return withSpace(kernel, call.space, { ...space, extents });
}

function createTable(kernel: Kernel, { table, over, data }: CallOf<"createTable">): Outcome {
  if (kernel.usedTables.has(table)) return `table ${table} was there before`;
  if (!kernel.spaces.has(over)) return `there is no space ${over}`;
  if (data.root & 0xfffn) return "the top table is not a page";
  const tables = new Map(kernel.tables).set(table, { over, data });
  return { ...kernel, tables, usedTables: new Set(kernel.usedTables).add(table) };
}

function destroyTable(kernel: Kernel, { table }: CallOf<"destroyTable">): Outcome {
  if (!kernel.tables.has(table)) return `there is no table ${table}`;
  if (attachedTo(kernel, table).length > 0) return `table ${table} is in use`;
  return { ...kernel, tables: without(kernel.tables, table) };
}

/** Why nothing can be attached to a target, or nothing. */
function missing(kernel: Kernel, target: Target): string | undefined {
  if (target.to === "space" && !kernel.spaces.has(target.space)) {
    return `there is no space ${target.space}`;
  }
  if (target.to === "table" && !kernel.tables.has(target.table)) {
    return `there is no table ${target.table}`;
  }
  return undefined;
}

/** Whether two targets are one. */
const sameTarget = (a: Target, b: Target): boolean =>
  a.to === b.to &&
  (a.to !== "space" || (b.to === "space" && a.space === b.space)) &&
  (a.to !== "table" || (b.to === "table" && a.table === b.table));

function attach(kernel: Kernel, { requester, target }: CallOf<"attach">): Outcome {
  const error = missing(kernel, target);
  if (error !== undefined) return error;
  const key = keyOf(requester);
  const old = kernel.attachments.get(key);
  if (old !== undefined && sameTarget(old.target, target)) return kernel;
  return { ...kernel, attachments: new Map(kernel.attachments).set(key, { requester, target }) };
}

function detach(kernel: Kernel, { requester }: CallOf<"detach">): Outcome {
  const key = keyOf(requester);
  if (!kernel.attachments.has(key)) return "the requester is not attached";
  return { ...kernel, attachments: without(kernel.attachments, key) };
}

/** Whether a range that is to be forgotten can be one. */
function invalidRange(input: bigint | undefined, length: bigint | undefined): string | undefined {
  if (input === undefined && length === undefined) return undefined;
  if (input === undefined || length === undefined) return "half of a range";
  const pages = pagesOf(input, length);
  return typeof pages === "string" ? `what is forgotten: ${pages}` : undefined;
}

function invalidateTable(kernel: Kernel, call: CallOf<"invalidateTable">): Outcome {
  if (!kernel.tables.has(call.table)) return `there is no table ${call.table}`;
  return invalidRange(call.input, call.length) ?? kernel;
}

function trackDirty(kernel: Kernel, call: CallOf<"trackDirty">): Outcome {
  const space = kernel.spaces.get(call.space);
  if (space === undefined) return `there is no space ${call.space}`;
  if (space.tracks === call.enabled) return kernel;
  return withSpace(kernel, call.space, { ...space, tracks: call.enabled });
}

const handlers: {
  readonly [Name in Call["call"]]: (kernel: Kernel, call: CallOf<Name>) => Outcome;
} = {
  createSpace,
  destroySpace,
  map,
  unmap,
  createTable,
  destroyTable,
  attach,
  detach,
  invalidateTable,
  invalidateDevice: (kernel, { input, length }) => invalidRange(input, length) ?? kernel,
  answerPages: (kernel) => kernel,
  trackDirty,
};

/**
 * One call. Source: Linux, Documentation/userspace-api/iommufd.rst and
 * include/uapi/linux/iommufd.h.
 *
 * @returns what the kernel keeps then, the same object where nothing of it changed; or why it
 *   refuses, which changes nothing.
 */
export const apply = (kernel: Kernel, call: Call): Outcome =>
  (handlers[call.call] as (kernel: Kernel, call: Call) => Outcome)(kernel, call);
