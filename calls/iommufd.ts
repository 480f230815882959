// Length: one table of what each call is in iommufd's words, with the little that it remembers.

import type { SourceId } from "../events/address.ts";
import { formatSourceId, hex, hpaOfPage, interruptPages, pagesFrom } from "../events/address.ts";
import { devicesBehind } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { Call, Requester, TableData, Target } from "./call.ts";
import type { HostAbilities } from "./host-abilities.ts";
import type { Run } from "./host-run.ts";
import { runsWithout } from "./host-run.ts";
import { requesterName, runsAt } from "./reference-host.ts";

/** One ioctl, or a write to a fault queue, with the fields that are not 0. */
export interface Ioctl {
  readonly ioctl: string;
  readonly fields: Readonly<Record<string, string | number>>;
  /** What the ioctl cannot say, or why it is made. */
  readonly note?: string;
}

/**
 * What a VMM remembers of the objects that it has made. iommufd unmaps areas only as they were
 * mapped; a page table object belongs to the device that it was made for first.
 */
export interface IommufdLedger extends IommufdUses {
  /** The devices whose requests carry a source-id, as the VMM has them. */
  devicesOf: (source: SourceId) => readonly SourceId[];
  readonly areas: Map<number, Run[]>;
  readonly tables: Map<number, { readonly over: number; readonly data: TableData; made: boolean }>;
  /** Spaces that have a page table object, and whether first stages may lie over it. */
  readonly hwpts: Map<number, boolean>;
  readonly tracked: Set<number>;
  readonly targets: Map<string, AttachedTo>;
  /** Requesters with the devices that were attached for them, by `requesterName`. */
  readonly attached: Map<string, AttachedFor>;
  hasFaultQueue: boolean;
}

/** Where a requester is attached. */
export type AttachedTo = Exclude<Target, { readonly to: "blocked" }>;

/** A requester, and the devices that were attached for it. */
export interface AttachedFor {
  readonly requester: Requester;
  readonly devices: readonly SourceId[];
}

/** What a unit and its host use together, which page table objects are made for. */
export interface IommufdUses {
  /** First stages may lie over spaces. */
  readonly nests: boolean;
  readonly pasids: boolean;
  /** Devices ask for pages, and the host relays that. */
  readonly relaysPages: boolean;
  /** Which pages are written may be asked for one day. */
  readonly tracksDirty: boolean;
}

/** What a unit of a guest and a host use together. */
export const usesOf = ({ offered }: Guest, host: HostAbilities): IommufdUses => ({
  nests: offered.flts && host.nesting,
  pasids: offered.pasid && host.pasid,
  relaysPages: offered.pageRequests && host.pageRequests,
  tracksDirty: host.dirtyTracking,
});

/** What a guest says of the devices behind a source-id. */
export const devicesIn =
  (guest: Guest): IommufdLedger["devicesOf"] =>
  (source) => {
    const found = devicesBehind(guest, source).map((one) => one.source);
    return found.length > 0 ? found : [source];
  };

/** A VMM that has made nothing yet. */
export const emptyLedger = (uses: IommufdUses): IommufdLedger => ({
  ...uses,
  devicesOf: (source) => [source],
  attached: new Map(),
  hasFaultQueue: false,
  areas: new Map(),
  tables: new Map(),
  hwpts: new Map(),
  tracked: new Set(),
  targets: new Map(),
});

const ioas = (space: number): string => `ioas ${space}`;
const hwpt = (space: number): string => `hwpt of ioas ${space}`;
const stage = (table: number): string => `hwpt of table ${table}`;

/** A device to make an object for: any of those whose requests the requester's are. */
const deviceOf = ({ devicesOf }: IommufdLedger, { source }: Requester): string =>
  formatSourceId(devicesOf(source)[0] ?? source);

const flags = (names: Readonly<Record<string, boolean>>): string =>
  Object.entries(names)
    .filter(([, set]) => set)
    .map(([name]) => name)
    .join("|");

const plain = (ioctl: string, fields: Ioctl["fields"], note?: string): Ioctl =>
  note === undefined ? { ioctl, fields } : { ioctl, fields, note };

function mapArea(space: number, { page, count, frame, read, write }: Run): Ioctl {
  return plain("IOMMU_IOAS_MAP", {
    ioas_id: ioas(space),
    flags: flags({ FIXED_IOVA: true, WRITEABLE: write, READABLE: read }),
    user_va: `where the VMM has HPA ${hex(hpaOfPage(frame))}`,
    length: hex(BigInt(count) << 12n),
    iova: hex(BigInt(page) << 12n),
  });
}

/** The areas that a run is mapped as: where interrupts are, no IOVA can be. */
function mapRun(ledger: IommufdLedger, space: number, run: Run): readonly Ioctl[] {
  const areas = ledger.areas.get(space) ?? [];
  const parts = runsWithout([run], interruptPages);
  for (const part of parts) {
    const range = { first: part.page, end: part.page + part.count };
    areas.splice(runsAt(areas, range).from, 0, part);
  }
  return parts.map((part) => mapArea(space, part));
}

/** Reads which pages of some areas were written, before the areas go. */
function dirtyOf(ledger: IommufdLedger, space: number, runs: readonly Run[]): readonly Ioctl[] {
  const [first, last] = [runs[0], runs.at(-1)];
  const isRead = ledger.tracked.has(space) && ledger.hwpts.has(space);
  if (!isRead || first === undefined || last === undefined) return [];
  return [
    plain("IOMMU_HWPT_GET_DIRTY_BITMAP", {
      hwpt_id: hwpt(space),
      flags: "NO_CLEAR",
      iova: hex(BigInt(first.page) << 12n),
      length: hex(BigInt(last.page + last.count - first.page) << 12n),
      page_size: 4096,
    }),
  ];
}

/** Areas go as a whole: what is to stay of them is mapped again. */
function unmap(ledger: IommufdLedger, call: Extract<Call, { call: "unmap" }>): readonly Ioctl[] {
  const areas = ledger.areas.get(call.space) ?? [];
  const range = pagesFrom(call.input, call.length);
  const { from, to, found } = runsAt(areas, range);
  const left = runsWithout(found, range);
  areas.splice(from, to - from, ...left);
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [page, end] = [first.page, last.page + last.count];
  const fields = {
    ioas_id: ioas(call.space),
    iova: hex(BigInt(page) << 12n),
    length: hex(BigInt(end - page) << 12n),
  };
  const note = left.length === 0 ? undefined : "an area cannot be cut: what stays is mapped again";
  return [
    ...dirtyOf(ledger, call.space, found),
    plain("IOMMU_IOAS_UNMAP", fields, note),
    ...left.map((run) => mapArea(call.space, run)),
  ];
}

/** The page table object of a space, made for the device that needs it first. */
function spaceHwpt(
  ledger: IommufdLedger,
  space: number,
  requester: Requester,
  isParent: boolean,
): readonly Ioctl[] {
  const known = ledger.hwpts.get(space);
  if (known !== undefined && (known || !isParent)) return [];
  ledger.hwpts.set(space, isParent);
  const made = plain("IOMMU_HWPT_ALLOC", {
    dev_id: deviceOf(ledger, requester),
    pt_id: ioas(space),
    flags: flags({
      NEST_PARENT: isParent,
      DIRTY_TRACKING: ledger.tracksDirty,
      PASID: ledger.pasids,
    }),
    data_type: "NONE",
    out_hwpt_id: hwpt(space),
  });
  return ledger.tracked.has(space) ? [made, trackOf(space, true)] : [made];
}

const trackOf = (space: number, enabled: boolean): Ioctl =>
  plain("IOMMU_HWPT_SET_DIRTY_TRACKING", {
    hwpt_id: hwpt(space),
    flags: flags({ ENABLE: enabled }),
  });

/** The one queue by which page requests of all tables come, made when the first is. */
function faultQueue(ledger: IommufdLedger): readonly Ioctl[] {
  if (!ledger.relaysPages || ledger.hasFaultQueue) return [];
  ledger.hasFaultQueue = true;
  return [plain("IOMMU_FAULT_QUEUE_ALLOC", { out_fault_id: "fault queue" })];
}

function tableHwpt(ledger: IommufdLedger, table: number, requester: Requester): readonly Ioctl[] {
  const known = ledger.tables.get(table);
  if (known === undefined || known.made) return [];
  known.made = true;
  const { over, data } = known;
  const unsaid = flags({ NXE: data.nxe, SMEP: data.smep, ERE: data.ere });
  const made = plain(
    "IOMMU_HWPT_ALLOC",
    {
      dev_id: deviceOf(ledger, requester),
      pt_id: hwpt(over),
      flags: flags({ FAULT_ID_VALID: ledger.relaysPages, PASID: ledger.pasids }),
      ...(ledger.relaysPages ? { fault_id: "fault queue" } : {}),
      data_type: "VTD_S1",
      "data.flags": flags({ SRE: data.sre, EAFE: data.eafe, WPE: data.wpe }),
      "data.pgtbl_addr": hex(data.root),
      "data.addr_width": data.levels === 5 ? 57 : 48,
      out_hwpt_id: stage(table),
    },
    unsaid === "" ? undefined : `VTD_S1 has no word for ${unsaid}`,
  );
  return [...spaceHwpt(ledger, over, requester, true), ...faultQueue(ledger), made];
}

const pasidFields = ({ pasid }: Requester): Ioctl["fields"] =>
  pasid === undefined ? {} : { flags: "PASID", pasid };

const detachOf = (requester: Requester, devices: readonly SourceId[]): readonly Ioctl[] =>
  devices.map((device) =>
    plain("VFIO_DEVICE_DETACH_IOMMUFD_PT", {
      device: formatSourceId(device),
      ...pasidFields(requester),
    }),
  );

const attachOf = (requester: Requester, target: AttachedTo, devices: readonly SourceId[]) =>
  devices.map((device) =>
    plain("VFIO_DEVICE_ATTACH_IOMMUFD_PT", {
      device: formatSourceId(device),
      pt_id: target.to === "space" ? hwpt(target.space) : stage(target.table),
      ...pasidFields(requester),
    }),
  );

/** Nobody is detached who is nowhere: the kernel refuses that. */
function detach(ledger: IommufdLedger, requester: Requester): readonly Ioctl[] {
  const name = requesterName(requester);
  const { devices = [] } = ledger.attached.get(name) ?? {};
  ledger.targets.delete(name);
  ledger.attached.delete(name);
  return detachOf(requester, devices);
}

/** Those that are no longer behind the source-id are detached; the others move. */
function attach(ledger: IommufdLedger, call: Extract<Call, { call: "attach" }>): readonly Ioctl[] {
  const { requester, target } = call;
  if (target.to === "blocked") return detach(ledger, requester);
  const name = requesterName(requester);
  const devices = ledger.devicesOf(requester.source);
  const left = (ledger.attached.get(name)?.devices ?? []).filter((one) => !devices.includes(one));
  ledger.targets.set(name, target);
  ledger.attached.set(name, { requester, devices });
  const made =
    target.to === "space"
      ? spaceHwpt(ledger, target.space, requester, ledger.nests)
      : tableHwpt(ledger, target.table, requester);
  return [...detachOf(requester, left), ...made, ...attachOf(requester, target, devices)];
}

/**
 * What iommufd is told of devices alone: those that came behind the source-id of a requester that
 * stays where it is, and those that left it. There is no call for that, since the requester is one.
 * To be asked for after the calls of an input that assigns or removes a device.
 *
 * @param ledger  with `devicesOf` as it is after the input; changed.
 */
export function iommufdOfDevices(ledger: IommufdLedger): readonly Ioctl[] {
  return [...ledger.attached].flatMap(([name, { requester, devices: were }]) => {
    const target = ledger.targets.get(name);
    const devices = ledger.devicesOf(requester.source);
    if (target === undefined) return [];
    ledger.attached.set(name, { requester, devices });
    const left = were.filter((one) => !devices.includes(one));
    const came = devices.filter((one) => !were.includes(one));
    return [...detachOf(requester, left), ...attachOf(requester, target, came)];
  });
}

/** All of a table: address 0, as many pages as there are. */
function invalidate(call: Extract<Call, { call: "invalidateTable" }>): Ioctl {
  const { input, length } = call;
  const all = { "data.addr": "0x0", "data.npages": "0xffffffffffffffff" };
  const some = { "data.addr": hex(input ?? 0n), "data.npages": hex((length ?? 0n) >> 12n) };
  return plain("IOMMU_HWPT_INVALIDATE", {
    hwpt_id: stage(call.table),
    data_type: "VTD_S1",
    entry_num: 1,
    ...(input === undefined ? all : some),
    "data.flags": flags({ LEAF: call.leafOnly }),
  });
}

/** A requester that has left was answered by the kernel, which has forgotten the cookie. */
function answer(
  ledger: IommufdLedger,
  call: Extract<Call, { call: "answerPages" }>,
): readonly Ioctl[] {
  if (!ledger.targets.has(requesterName(call.requester))) return [];
  const isSuccess = call.response === "success";
  const note = call.response === "failure" ? "there is no code for a failure" : undefined;
  const cookie = `of group ${call.group} of ${deviceOf(ledger, call.requester)}`;
  const code = isSuccess ? "SUCCESS" : "INVALID";
  return [plain("write to the fault queue", { cookie, code }, note)];
}

const destroy = (id: string): Ioctl => plain("IOMMU_DESTROY", { id });

function destroySpace(ledger: IommufdLedger, space: number): readonly Ioctl[] {
  const written = dirtyOf(ledger, space, ledger.areas.get(space) ?? []);
  const hadHwpt = ledger.hwpts.delete(space);
  ledger.areas.delete(space);
  ledger.tracked.delete(space);
  return [...written, ...(hadHwpt ? [destroy(hwpt(space))] : []), destroy(ioas(space))];
}

function track(ledger: IommufdLedger, call: Extract<Call, { call: "trackDirty" }>) {
  const last = call.enabled ? [] : dirtyOf(ledger, call.space, ledger.areas.get(call.space) ?? []);
  if (call.enabled) ledger.tracked.add(call.space);
  else ledger.tracked.delete(call.space);
  if (!ledger.hwpts.has(call.space)) return [];
  return [...last, trackOf(call.space, call.enabled)];
}

/**
 * What a call is in Linux's iommufd and VFIO: ioctls with the fields of their structures. Numbers
 * of objects are names here, since the kernel chooses them. Page table objects are made when a
 * device needs them first, for the kernel wants to know the device.
 *
 * @param ledger  changed by the call.
 */
export function iommufdOf(ledger: IommufdLedger, call: Call): readonly Ioctl[] {
  switch (call.call) {
    case "createSpace":
      ledger.areas.set(call.space, []);
      return [plain("IOMMU_IOAS_ALLOC", { out_ioas_id: ioas(call.space) })];
    case "destroySpace":
      return destroySpace(ledger, call.space);
    case "map": {
      const { first, end } = pagesFrom(call.input, call.length);
      const { read, write } = call;
      const frame = Number(call.host >> 12n);
      const run: Run = { page: first, count: end - first, frame, read, write };
      return mapRun(ledger, call.space, run);
    }
    case "unmap":
      return unmap(ledger, call);
    case "createTable":
      ledger.tables.set(call.table, { over: call.over, data: call.data, made: false });
      return [];
    case "destroyTable": {
      const wasMade = ledger.tables.get(call.table)?.made === true;
      ledger.tables.delete(call.table);
      return wasMade ? [destroy(stage(call.table))] : [];
    }
    case "attach":
      return attach(ledger, call);
    case "detach":
      return detach(ledger, call.requester);
    case "invalidateTable":
      return [invalidate(call)];
    case "invalidateDevice":
      // The kernel does so with IOMMU_HWPT_INVALIDATE, where ATS is on.
      return [];
    case "answerPages":
      return answer(ledger, call);
    case "trackDirty":
      return track(ledger, call);
    default:
      return [];
  }
}
