/**
 * What is the case: the world and all that is in it, and questions about it.
 *
 * A world is immutable: an earlier one stays valid and costs little to keep. Page numbers are those
 * of 4 KiB pages.
 *
 * Worlds share what did not change, and hand it out: it is readonly to the type checker, and most
 * of it is not frozen. What is written to it past the types changes other worlds, too. Questions
 * check nothing at run time: for what their types do not allow, like a world in the place of a
 * guest, they answer something wrong or throw a `TypeError`.
 *
 * @module shadowfold/projections
 */

export type { Change } from "../history/changes.ts";
export { changesBetween } from "../history/changes.ts";
export type { GuestSummary } from "../history/summary.ts";
export { summarise } from "../history/summary.ts";
export type { Row, Rows, Value } from "../history/summary-rows.ts";
export type { AskedInvalidation, DeviceTlb, DeviceTlbs } from "../projections/device/device-tlb.ts";
export type { Device, Devices } from "../projections/device/devices.ts";
export { deviceAt, devicesOf } from "../projections/device/devices.ts";
export type { VirtualCache } from "../projections/device/virtual-cache.ts";
export { stateHash } from "../projections/digest.ts";
export type { FaultEntry, Faults } from "../projections/fault/faults.ts";
export type { CachedTable, Space } from "../projections/first-stage/space.ts";
export type {
  ChartStates,
  Guest,
  InFlight,
  Registers,
} from "../projections/guest.ts";
export type { HostEntries, HostEntry } from "../projections/host/host-entry.ts";
export { hostAt, hostsWhere } from "../projections/host/host-entry.ts";
export { readInterruptEntry } from "../projections/interrupt/interrupt-entry.ts";
export type { InterruptTable, KnownEntry } from "../projections/interrupt/interrupts.ts";
export type { TablePlace, TableUse } from "../projections/memory/table-use.ts";
export type { PageGroup, PageRequests } from "../projections/page-request/page-requests.ts";
export type { Queue } from "../projections/queue/queue.ts";
export { readBytes as readRegisters, registerValue } from "../projections/registers/registers.ts";
export type { Shadow, Shadows } from "../projections/shadow/shadow.ts";
export { shadowAt, shadowsOf } from "../projections/shadow/shadow.ts";
export type { World } from "../projections/world.ts";
export type { Mapping } from "../tables/mapping.ts";
export { frameOf, hasFrame, outcomesOf, sizeName, sizeOf } from "../tables/mapping.ts";
export type { Memory, Page } from "../tables/memory.ts";
export { byteIn, pageAt, wordIn } from "../tables/memory.ts";
export type { PageTree } from "../tables/page-tree.ts";
export { get as mappingAt } from "../tables/page-tree.ts";
export type { Visit } from "../tables/page-tree-range.ts";
export { forEachRun } from "../tables/page-tree-range.ts";
export type { Radix } from "../tables/radix.ts";
export { radixForEach, radixGet } from "../tables/radix.ts";
