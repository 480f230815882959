import type { SourceId } from "../../events/address.ts";
import { gpaOfPage, hpaOfPage, iova, sourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { arena, deviceSources, frames, smallPages, sources } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, emit, pick } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { pageFrom } from "./mapping-commands.ts";
import { entryWord } from "./tables.ts";

const accessOf = (draw: number): Access => (draw % 5 < 2 ? "write" : "read");

/** Addresses that are special whatever is mapped. */
const edges = [
  0xfee00n,
  0xfedffn,
  0xfeeffn,
  0xfef00n,
  (1n << 27n) - 1n,
  1n << 27n,
  (1n << 36n) - 1n,
];

/** Who asks for which page: mostly a device for a page that was mapped in its domain. */
function request(driver: Driver, draw: Draw): { readonly device: SourceId; readonly at: bigint } {
  const { mapped, attached } = driver;
  const page =
    draw.how % 17 === 16 ? pick(edges, draw.extra) : BigInt(pageFrom(driver, draw.where));
  if (draw.where % 4 === 3 || mapped.length === 0) {
    return { device: sourceId(pick(deviceSources, draw.what)), at: page << 12n };
  }
  const { did, page: known } = pick(mapped, draw.where >> 2);
  const own = deviceSources.filter((source) => attached.get(requesterOf(source)) === did);
  const device = sourceId(pick(own.length === 0 ? deviceSources : own, draw.what));
  const away = draw.where % 16 === 14 ? pick([1, 511, 513], draw.extra) : 0;
  return { device, at: BigInt(known + away) << 12n };
}

const requesterOf = (source: number): number =>
  source === sources.behindBridge ? sources.bridge : source;

/** A DMA: reads, or writes a word that could be a table entry. */
export const dma: Command = (driver, draw) => {
  const access = accessOf(draw.how);
  const offset = (draw.extra % 64) * 8;
  const { device, at: page } = request(driver, draw);
  const at = iova(page + BigInt(offset));
  if (access === "read") {
    const said = draw.extra % 7 === 6 ? {} : { access };
    emit(driver, { type: "Dma", device, iova: at, ...said, length: 1 + (draw.extra % 16) });
    return;
  }
  const target = pick([...arena.tables, ...arena.data], draw.extra);
  const bytes = bytesOf(draw.extra % 3 === 0 ? draw.word : entryWord(target, 3), 8);
  emit(driver, { type: "Dma", device, iova: at, access, length: 8, bytes });
};

/** A DMA that is translated now and lands later. */
export const issue: Command = (driver, draw) => {
  const { device, at: page } = request(driver, draw);
  const tag = driver.nextTag;
  driver.nextTag += 1;
  const access = accessOf(draw.how);
  const bytes = access === "write" ? { bytes: bytesOf(draw.word, 8) } : {};
  const at = iova(page);
  emit(driver, { type: "DmaIssue", tag, device, iova: at, access, length: 8, ...bytes });
};

/** One of the DMAs that were issued lands, or one that was not. */
export const complete: Command = (driver, draw) =>
  emit(driver, { type: "DmaComplete", tag: 1 + (draw.where % driver.nextTag) });

const interruptAddress = 0xfee0_0000n;

/** An interrupt request, as such. */
export const msi: Command = (driver, draw) => {
  const address = interruptAddress | BigInt(draw.extra & 0xffffc);
  const device = sourceId(pick(deviceSources, draw.what));
  emit(driver, { type: "MsiRequest", device, address, data: draw.where });
};

/** Pages whose P2M entry changes: data, tables, roots, the queue, parts of large mappings. */
const changeable: readonly number[] = [
  ...arena.data.slice(0, 12),
  ...arena.tables.slice(0, 8),
  arena.large[0] + 7,
  arena.large[1],
  arena.huge + 5,
  ...arena.reserved,
  ...arena.roots,
  ...arena.contexts,
  arena.queue,
  ...arena.spare.slice(0, 4),
];

/** Pages that hold what scalable mode needs, most of them first-stage tables. */
const changeableScalable: readonly number[] = [
  ...arena.data.slice(0, 6),
  ...arena.firstStage.slice(0, 8),
  ...arena.firstStage.slice(0, 4),
  ...arena.tables.slice(0, 5),
  ...arena.pasidTables,
  ...arena.directories,
  ...arena.scalableContexts,
  arena.scalableRoots[0],
  arena.large[0] + 7,
  arena.huge + 5,
  arena.pageRequests,
  arena.queue,
  ...arena.spare.slice(0, 2),
];

const changeableBy = ({ isScalable }: Driver): readonly number[] =>
  isScalable ? changeableScalable : changeable;

/** The toolstack takes pages away from the guest. */
export const p2mUnmap: Command = (driver, draw) => {
  const gpa = gpaOfPage(pick(changeableBy(driver), draw.where));
  const many = driver.isScalable && draw.extra % 4 !== 0 ? [1n] : [1n, 1n, 2n, 4n, 512n, 1n << 18n];
  const pages = pick(many, draw.how);
  const odd = draw.extra % 23 === 22 ? 8n : 0n;
  emit(driver, { type: "P2mUnmap", gpa, length: pages * 4096n + odd });
};

/** The toolstack changes what the guest may do with pages. */
export const p2mProtect: Command = (driver, draw) => {
  const gpa = gpaOfPage(pick(changeableBy(driver), draw.where));
  const pages = pick([1n, 1n, 3n, 512n], draw.how);
  const [read, write] = pick(
    [
      [true, false],
      [true, true],
      [false, false],
      [false, true],
    ],
    draw.extra,
  );
  const grant = { read: read === true, write: write === true };
  emit(driver, { type: "P2mProtect", gpa, length: pages * 4096n, ...grant });
};

/** The toolstack gives the guest a page: of the pool, of its own, or one that another guest had. */
export const p2mMap: Command = (driver, draw) => {
  const write = draw.extra % 4 !== 3;
  const grant = { read: true, write };
  if (draw.how % 7 === 6) {
    const gpa = gpaOfPage(pick(arena.large, draw.where));
    const hpa = hpaOfPage(frames.freeLarge + 512 * (draw.what % 4));
    emit(driver, { type: "P2mMap", gpa, hpa, length: 1n << 21n, pageSize: "2M", ...grant });
    return;
  }
  const gpa = gpaOfPage(pick(changeableBy(driver), draw.where));
  const frame = pick(
    [
      frames.free + (draw.what % 64),
      frames.small(0) + (draw.what % smallPages),
      frames.small(1) + (draw.what % smallPages),
    ],
    draw.how,
  );
  const hpa = hpaOfPage(frame);
  emit(driver, { type: "P2mMap", gpa, hpa, length: 4096n, pageSize: "4K", ...grant });
};

/** A page is taken away, which devices may notice, and another frame takes its place. */
export const p2mRenew: Command = (driver, draw) => {
  const gpa = gpaOfPage(pick(changeableBy(driver), draw.where));
  emit(driver, { type: "P2mUnmap", gpa, length: 4096n });
  if (draw.how % 2 === 0) dma(driver, draw, "none");
  const hpa = hpaOfPage(frames.free + (draw.what % 64));
  const grant = { read: true, write: draw.extra % 8 !== 7 };
  emit(driver, { type: "P2mMap", gpa, hpa, length: 4096n, pageSize: "4K", ...grant });
};

/** A device is plugged in, taken away, or given to the guest in another way. */
export const devices: Command = (driver, draw) => {
  const source = pick(deviceSources, draw.what);
  const device = sourceId(source);
  if (draw.how % 3 === 0) emit(driver, { type: "DeviceRemove", device });
  if (draw.how % 3 === 0 && draw.extra % 2 === 0) return;
  const physical = draw.extra % 4 !== 3;
  const alias = draw.extra % 5 === 4 ? { alias: sourceId(sources.bridge) } : {};
  emit(driver, { type: "DeviceAssign", device, physical, ...alias });
};

/** A device answers an invalidation, or does not in time. */
export const answer: Command = (driver, draw) => {
  const device = sourceId(pick(deviceSources, draw.what));
  const result = draw.how % 4 === 3 ? "failed" : "done";
  if (draw.extra % 5 === 4) emit(driver, { type: "InvalidationTimeout" });
  else emit(driver, { type: "DeviceTlbAnswer", device, result });
};

/** The unit is reset; the driver starts anew with the registers alone. */
export const reset: Command = (driver, draw) => {
  if (draw.how % 4 !== 0) return;
  emit(driver, { type: "UnitReset" });
  driver.command = 0;
  driver.tail = 0;
};
