import type { DeviceTlb } from "../../projections/device/device-tlb.ts";
import { baseOf } from "../../projections/device/device-tlb.ts";
import { devicesOf } from "../../projections/device/devices.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Names } from "./names.ts";
import { shadowFields } from "./shadow-records.ts";
import { treeRecords } from "./tree-records.ts";
import { bit, maybe, name } from "./unit-records.ts";

/** The guest's devices. */
export function deviceRecords(to: Digest, guest: Guest, names: Names): void {
  for (const { source, physical, requester } of devicesOf(guest)) {
    to.begin(kinds.device);
    to.field(names.source(source));
    to.field(names.source(requester));
    bit(to, physical);
    to.end();
  }
}

/** A first stage by whose tables it is of, not by its number. */
function spaceFields(to: Digest, guest: Guest, id: number | undefined, names: Names): void {
  const space = id === undefined ? undefined : guest.spaces[id];
  to.field(space === undefined ? -1 : names.gfn(space.root));
  to.field(space === undefined ? (id === undefined ? 0 : 1) : names.did(space.did));
  maybe(to, space?.pasid);
}

/** A host entry, with whether something of its path is pending. */
export function hostRecord(to: Digest, guest: Guest, entry: HostEntry, names: Names): void {
  to.begin(kinds.host);
  to.field(names.source(entry.source));
  maybe(to, entry.pasid);
  name(to, entry.state);
  to.field(names.did(entry.did));
  to.field(entry.reason);
  maybe(to, entry.tag);
  const { fpd, sre, ere, privileged, ats, pri } = entry;
  for (const flag of [fpd, sre, ere, privileged, ats, pri]) bit(to, flag);
  shadowFields(to, guest, entry.shadow, names);
  spaceFields(to, guest, entry.space, names);
  to.field(entry.root === undefined ? -1 : names.gfn(entry.root));
  to.field(entry.levels);
  bit(to, entry.pending !== 0);
  bit(to, entry.pasidPending !== 0);
  to.end();
}

/** Every host entry. */
export function hostRecords(to: Digest, guest: Guest, names: Names): void {
  radixForEach(guest.hosts, 0, Number.MAX_SAFE_INTEGER, (_key, entry) =>
    hostRecord(to, guest, entry, names),
  );
}

/** What is on its way. Tags are names that nobody else uses. */
export function flightRecords(to: Digest, guest: Guest, names: Names): void {
  for (const tag in guest.inFlight) {
    const flight = guest.inFlight[tag];
    if (flight === undefined) continue;
    to.begin(kinds.flight);
    to.field(names.source(flight.device));
    name(to, flight.access);
    maybe(to, flight.pasid);
    bit(to, flight.translated);
    shadowFields(to, guest, flight.shadow, names);
    spaceFields(to, guest, flight.space, names);
    to.field(names.iova(Number(flight.iova >> 12n)));
    to.field(Number(flight.iova & 0xfffn));
    to.field(flight.gpa === undefined ? -1 : names.gfn(Number(flight.gpa >> 12n)));
    to.field(flight.hpa === undefined ? -1 : names.hfn(Number(flight.hpa >> 12n)));
    to.field(flight.length);
    for (const byte of flight.bytes ?? []) to.field(byte);
    to.end();
  }
}

/** What a device remembers. Of an emulated one it is guest pages. */
export function tlbRecords(to: Digest, tlb: DeviceTlb, names: Names): void {
  const frame = tlb.virtual ? names.gfn : names.hfn;
  for (const [index, tree] of tlb.pages.entries()) {
    const base = baseOf(index);
    const before = names.source(tlb.device) * 32 + index * 2 + (tlb.virtual ? 1 : 0);
    treeRecords(
      to,
      tree,
      (page) => names.iova(page + base) - base,
      frame,
      (value) => value,
      [before, tlb.pasid ?? -1],
    );
  }
}

/** What is kept of one of the guest's first stages. */
export function spaceRecords(to: Digest, guest: Guest, space: Space, names: Names): void {
  const { did, pasid, root, levels, second, virtual } = space;
  to.begin(kinds.space);
  for (const flag of [virtual, space.wpe, space.nxe, space.smep, space.eafe]) bit(to, flag);
  shadowFields(to, guest, space.shadow, names);
  to.field(names.did(did));
  to.field(pasid);
  to.field(names.gfn(root));
  to.field(levels);
  to.field(second === undefined ? -1 : names.gfn(second.root));
  to.end();
  const owner = [names.did(did), pasid, names.gfn(root)];
  const frame = virtual ? names.gfn : names.hfn;
  for (const [kind, tree] of space.iotlb.entries()) {
    treeRecords(to, tree, names.iova, frame, (value) => value, [kind, ...owner]);
  }
  for (const [level, tables] of space.tables.entries()) {
    radixForEach(tables, 0, Number.MAX_SAFE_INTEGER, (prefix, { page, rights }) => {
      to.begin(kinds.cachedTable);
      for (const one of owner) to.field(one);
      to.field(level);
      to.field(prefix);
      to.field(names.gfn(page));
      to.field(rights);
      to.end();
    });
  }
}

/** What device models were told. */
export function virtualRecords(to: Digest, guest: Guest, names: Names): void {
  for (const { did, root, levels, entries } of guest.virtualCaches) {
    const owner = [names.did(did), names.gfn(root), levels];
    treeRecords(to, entries, names.iova, names.gfn, (value) => value, owner);
  }
}
