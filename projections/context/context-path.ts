import { pageOf } from "../../events/address.ts";
import { half, pageAt } from "../../tables/memory.ts";
import type { Guest } from "../guest.ts";
import type { PathPart } from "../host/host-entry.ts";

/** Bytes of a guest page that resolving a request reads, as far as pointers lead now. */
export interface PathWords {
  readonly page: number;
  readonly offset: number;
  readonly bytes: number;
  readonly part: PathPart;
}

/** Whether the latched root pointer names scalable-mode tables that the unit knows. */
export const isScalable = ({ rootPointer, profile }: Guest): boolean =>
  profile.smts && ((rootPointer >> 10n) & 3n) === 1n;

/** The guest page that bits 63:12 of a 64-bit word name. */
const pointer = (guest: Guest, page: number, offset: number): number => {
  const bytes = pageAt(guest.memory, page);
  return (half(bytes, offset / 4) >>> 12) + half(bytes, offset / 4 + 1) * 0x100000;
};

function legacyPath(guest: Guest, source: number): readonly PathWords[] {
  const root = { page: pageOf(guest.rootPointer), offset: (source >> 8) * 16, bytes: 16 };
  const context = pointer(guest, root.page, root.offset);
  const part = "pending";
  return [
    { ...root, part },
    { page: context, offset: (source & 0xff) * 16, bytes: 16, part },
  ];
}

function scalablePath(guest: Guest, source: number, pasid: number | undefined) {
  const upper = (source & 0x80) === 0 ? 0 : 8;
  const root = { page: pageOf(guest.rootPointer), offset: (source >> 8) * 16 + upper, bytes: 8 };
  const context = {
    page: pointer(guest, root.page, root.offset),
    offset: (source & 0x7f) * 32,
    bytes: 32,
  };
  const ridPasid = half(pageAt(guest.memory, context.page), context.offset / 4 + 2) & 0xfffff;
  const effective = pasid ?? ridPasid;
  const start = pointer(guest, context.page, context.offset);
  const directory = {
    page: start + (effective >>> 15),
    offset: ((effective >>> 6) & 511) * 8,
    bytes: 8,
  };
  const entry = {
    page: pointer(guest, directory.page, directory.offset),
    offset: (effective & 63) * 64,
    bytes: 64,
  };
  return [
    { ...root, part: "pending" },
    { ...context, part: "pending" },
    { ...directory, part: "pasidPending" },
    { ...entry, part: "pasidPending" },
  ] as const;
}

/** What resolving the requests of a source-id reads, with one PASID or without, from the top. */
export const contextPath = (
  guest: Guest,
  source: number,
  pasid: number | undefined,
): readonly PathWords[] =>
  isScalable(guest) ? scalablePath(guest, source, pasid) : legacyPath(guest, source);
