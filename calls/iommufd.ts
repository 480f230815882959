// Length: one table of what each call is in iommufd's words, with the little that it remembers.

import { formatSourceId, hex, hpaOfPage, pagesFrom } from "../events/address.ts";
import type { Call, Requester, TableData, Target } from "./call.ts";
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
export interface IommufdLedger {
  readonly nests: boolean;
  readonly areas: Map<number, Run[]>;
  readonly tables: Map<number, { readonly over: number; readonly data: TableData; made: boolean }>;
  /** Spaces that have a page table object, and whether first stages may lie over it. */
  readonly hwpts: Map<number, boolean>;
  readonly tracked: Set<number>;
  readonly targets: Map<string, Target>;
}

/** A VMM that has made nothing yet, on a host that nests or not. */
export const emptyLedger = (nests: boolean): IommufdLedger => ({
  nests,
  areas: new Map(),
  tables: new Map(),
  hwpts: new Map(),
  tracked: new Set(),
  targets: new Map(),
});

const ioas = (space: number): string => `ioas ${space}`;
const hwpt = (space: number): string => `hwpt of ioas ${space}`;
const stage = (table: number): string => `hwpt of table ${table}`;
const deviceOf = ({ source }: Requester): string => formatSourceId(source);

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
  return [plain("IOMMU_IOAS_UNMAP", fields, note), ...left.map((run) => mapArea(call.space, run))];
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
    dev_id: deviceOf(requester),
    pt_id: ioas(space),
    flags: flags({ NEST_PARENT: isParent, DIRTY_TRACKING: ledger.tracked.has(space) }),
    data_type: "NONE",
    out_hwpt_id: hwpt(space),
  });
  return [made];
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
      dev_id: deviceOf(requester),
      pt_id: hwpt(over),
      data_type: "VTD_S1",
      "data.flags": flags({ SRE: data.sre, EAFE: data.eafe, WPE: data.wpe }),
      "data.pgtbl_addr": hex(data.root),
      "data.addr_width": data.levels === 5 ? 57 : 48,
      out_hwpt_id: stage(table),
    },
    unsaid === "" ? undefined : `VTD_S1 has no word for ${unsaid}`,
  );
  return [...spaceHwpt(ledger, over, requester, true), made];
}

const pasidFields = ({ pasid }: Requester): Ioctl["fields"] =>
  pasid === undefined ? {} : { flags: "PASID", pasid };

function detach(ledger: IommufdLedger, requester: Requester): Ioctl {
  ledger.targets.delete(requesterName(requester));
  const fields = { device: deviceOf(requester), ...pasidFields(requester) };
  return plain("VFIO_DEVICE_DETACH_IOMMUFD_PT", fields);
}

function attach(ledger: IommufdLedger, call: Extract<Call, { call: "attach" }>): readonly Ioctl[] {
  const { requester, target } = call;
  if (target.to === "blocked") return [detach(ledger, requester)];
  ledger.targets.set(requesterName(requester), target);
  const isP2m = target.to === "space" && ledger.nests;
  const made =
    target.to === "space"
      ? spaceHwpt(ledger, target.space, requester, isP2m)
      : tableHwpt(ledger, target.table, requester);
  const pt = target.to === "space" ? hwpt(target.space) : stage(target.table);
  const fields = { device: deviceOf(requester), pt_id: pt, ...pasidFields(requester) };
  return [...made, plain("VFIO_DEVICE_ATTACH_IOMMUFD_PT", fields)];
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

function answer(call: Extract<Call, { call: "answerPages" }>): Ioctl {
  const isSuccess = call.response === "success";
  const note = call.response === "failure" ? "there is no code for a failure" : undefined;
  const cookie = `of group ${call.group} of ${deviceOf(call.requester)}`;
  return plain(
    "write to the fault queue",
    { cookie, code: isSuccess ? "SUCCESS" : "INVALID" },
    note,
  );
}

const destroy = (id: string): Ioctl => plain("IOMMU_DESTROY", { id });

function destroySpace(ledger: IommufdLedger, space: number): readonly Ioctl[] {
  const hadHwpt = ledger.hwpts.delete(space);
  ledger.areas.delete(space);
  ledger.tracked.delete(space);
  return [...(hadHwpt ? [destroy(hwpt(space))] : []), destroy(ioas(space))];
}

function track(ledger: IommufdLedger, call: Extract<Call, { call: "trackDirty" }>) {
  if (call.enabled) ledger.tracked.add(call.space);
  else ledger.tracked.delete(call.space);
  if (!ledger.hwpts.has(call.space)) return [];
  const set = { hwpt_id: hwpt(call.space), flags: flags({ ENABLE: call.enabled }) };
  const read = plain("IOMMU_HWPT_GET_DIRTY_BITMAP", { hwpt_id: hwpt(call.space) });
  const last = call.enabled ? [] : [read];
  return [...last, plain("IOMMU_HWPT_SET_DIRTY_TRACKING", set)];
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
      const areas = ledger.areas.get(call.space) ?? [];
      areas.splice(runsAt(areas, { first, end }).from, 0, run);
      return [mapArea(call.space, run)];
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
      return [detach(ledger, call.requester)];
    case "invalidateTable":
      return [invalidate(call)];
    case "invalidateDevice":
      // The kernel does so with IOMMU_HWPT_INVALIDATE, where ATS is on.
      return [];
    case "answerPages":
      return [answer(call)];
    case "trackDirty":
      return track(ledger, call);
    default:
      return [];
  }
}
