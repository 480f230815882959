import { gpaOfPage, iova, sourceId } from "../../events/address.ts";
import { arena, sources } from "./arena.ts";
import type { Stage } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, wordAt, writeWord } from "./driver.ts";
import type { StageSpot } from "./first-stage-tables.ts";
import {
  announceStage,
  canonicalPage,
  open,
  pageNamed,
  someStage,
  stageBits,
  stagePlaceOf,
  stageWord,
} from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { changeSecond, more, pageFrom } from "./mapping-commands.ts";
import { healDomain } from "./nested-commands.ts";
import * as pasid from "./pasid-commands.ts";
import { someRequest, useStage } from "./requests.ts";
import { announceAll, responseWord } from "./scalable-queue.ts";
import { reachesOf, types } from "./scalable-tables.ts";
import { entryAddress, entryWord, placeOf } from "./tables.ts";

/** Writes a first-stage entry and announces it. */
function change(driver: Driver, spot: StageSpot, word: bigint, draw: Draw): void {
  const old = wordAt(driver, entryAddress(spot.place));
  writeWord(driver, entryAddress(spot.place), word);
  announceStage(driver, spot, old, "proper", more(draw, 16));
  driver.scalable.mapped.push({ stage: spot.stage, page: spot.page });
}

const memoryTypes = [1n << 12n, 1n << 3n, 1n << 4n, 1n << 8n, 1n << 9n, 1n << 58n];

/** A superpage of a first stage with PAT and other bits that no walk looks at, used at once. */
export const memoryType: Command = (driver, draw) => {
  const stage = someStage(driver, draw.what);
  const large = draw.how % 3 === 2 ? 3 : 2;
  const base = canonicalPage(stage.levels, pageFrom(driver, draw.where));
  const span = 512 ** (large - 1);
  const page = base - (base % span) + pick([0, 1, 24, 511], draw.extra);
  const place = stagePlaceOf(driver, stage, page, large, true);
  const target = large === 3 ? arena.huge : pick([arena.large[0], arena.large[1], 0], draw.extra);
  const bits = pick(memoryTypes, draw.how >> 2) | (draw.extra % 2 === 0 ? 1n << 12n : 0n);
  const word = stageWord(target, open | stageBits.ps) | bits;
  change(driver, { stage, page, place }, word, draw);
  useStage(driver, stage, page, more(draw, 32));
  useStage(driver, stage, page, more(draw, 40));
};

/** The last pages that a first stage is wide enough for are used, taken out and used again. */
export const lastOfWidth: Command = (driver, draw) => {
  const stage = someStage(driver, draw.what);
  const page = canonicalPage(stage.levels, 512 ** stage.levels - 1);
  const place = stagePlaceOf(driver, stage, page, 1, true);
  change(driver, { stage, page, place }, stageWord(pick(arena.data, draw.where), open), draw);
  for (const shift of [0, 8]) useStage(driver, stage, page, more(draw, 24 + shift));
  change(driver, { stage, page, place }, stageWord(pick(arena.data, draw.extra), open), draw);
  useStage(driver, stage, page, more(draw, 32));
};

/** Nested entries: the page that a first-stage entry names may be written alone, or read alone. */
export const writtenThenRead: Command = (driver, draw) => {
  const nested = reachesOf(driver, ({ binding }) => binding.pgtt === types.nested);
  if (nested.length === 0) return;
  const { binding, device, pasid: of } = pick(nested, draw.what);
  const { domain, stage } = binding;
  // Else the tables on the way can seldom be read.
  if (draw.how % 8 < 6) healDomain(driver, domain, { ...draw, how: 1 }, "proper");
  const own = driver.scalable.mapped.filter((one) => one.stage.root === stage.root);
  const page = own.length === 0 ? canonicalPage(stage.levels, 3) : pick(own, draw.where).page;
  const leaf = stagePlaceOf(driver, stage, page, 1, true);
  const below = pick(arena.data, draw.extra);
  const word = stageWord(below, open | stageBits.a | stageBits.d);
  change(driver, { stage, page, place: leaf }, word, draw);
  const place = placeOf(driver, domain, below, 1, true);
  const rights = draw.how % 4 === 3 ? 1 : 2;
  changeSecond(driver, { domain, page: below, place }, entryWord(below, rights), draw, "proper");
  const address = iova(BigInt(page) << 12n);
  const whose = of === undefined ? {} : { pasid: of };
  for (const access of ["write", "read", "write"] as const) {
    const length = 8;
    emit(driver, {
      type: "Dma",
      device: sourceId(device),
      iova: address,
      access,
      ...whose,
      length,
    });
  }
  changeSecond(driver, { domain, page: below, place }, entryWord(below, 3), draw, "proper");
};

/** A page that a device asked for before, to keep; or one that it did not. */
function heldOrNot(driver: Driver, draw: Draw): Driver["requested"][number] {
  const { requested } = driver;
  if (requested.length > 0 && draw.how % 4 !== 3) return pick(requested, draw.where);
  const { device, page, rights } = someRequest(driver, draw);
  return { device, page, pasid: rights.pasid };
}

/** A device goes, its PASID entries change, and it comes back. */
export const goneAndBack: Command = (driver, draw, manner) => {
  const { device, page, pasid: of } = heldOrNot(driver, draw);
  const source = sourceId(device);
  const address = iova(BigInt(page) << 12n);
  const plain = of === undefined ? {} : { pasid: of };
  const dma = { device: source, iova: address, access: "read", ...plain, length: 8 } as const;
  emit(driver, { type: "AtsRequest", device: source, iova: address, access: "read", ...plain });
  emit(driver, { type: "Dma", ...dma });
  emit(driver, { type: "DeviceRemove", device: source });
  emit(driver, { type: "Dma", ...dma });
  if (draw.extra % 2 === 0) pasid.editEntry(driver, draw, "none");
  if (draw.extra % 3 === 0) pasid.clearEntry(driver, draw, manner);
  const isBehind = device === sources.behindBridge;
  const alias = isBehind ? { alias: sourceId(sources.bridge) } : {};
  const physical = device !== sources.virtual;
  emit(driver, { type: "DeviceAssign", device: source, physical, ...alias });
  emit(driver, { type: "Dma", ...dma, translated: true });
  emit(driver, { type: "Dma", ...dma });
};

/** A group waits for its answer, and one of a source-id that nobody has comes first. */
export const strayAnswer: Command = (driver, draw) => {
  if (!driver.profile.pageRequests) return;
  const { device, page, rights } = someRequest(driver, draw);
  const { pasid: of } = rights;
  const group = 300 + (draw.extra % 64);
  const whose = of === undefined ? {} : { pasid: of };
  emit(driver, {
    ...{ type: "PageRequest", device: sourceId(device), iova: iova(BigInt(page) << 12n) },
    ...{ group, last: true, read: true, write: false, ...whose },
  });
  const rid = device === sources.behindBridge ? sources.bridge : device;
  const stray = pick([0x300, 0x28, 0xffff, rid ^ 0x100], draw.how);
  const answer = (from: number): bigint =>
    responseWord({ rid: from, pasid: of, rc: draw.how % 3 === 0 ? 1 : 0, group, last: true });
  announceAll(driver, [answer(stray), answer(rid)], 1);
};

/** A page that a device holds by PASID is taken from the guest, and the device uses it. */
export const heldAndTaken: Command = (driver, draw) => {
  if (!driver.profile.deviceTlb) return;
  const { device, page, rights } = someRequest(driver, draw);
  const whose = rights.pasid === undefined ? {} : { pasid: rights.pasid };
  const source = sourceId(device);
  const address = iova(BigInt(page) << 12n);
  emit(driver, { type: "AtsRequest", device: source, iova: address, access: "read", ...whose });
  const gpa = gpaOfPage(target(driver, page, draw));
  emit(driver, { type: "P2mProtect", gpa, length: 4096n, read: false, write: false });
  const dma = { device: source, iova: address, access: "read", ...whose, length: 8 } as const;
  emit(driver, { type: "Dma", ...dma, translated: true });
  emit(driver, { type: "P2mProtect", gpa, length: 4096n, read: true, write: true });
};

/** The guest page that some first stage maps a page to, as far as the driver knows. */
function target(driver: Driver, page: number, draw: Draw): number {
  const stages: readonly Stage[] = driver.scalable.mapped.flatMap((one) =>
    one.page === page ? [one.stage] : [],
  );
  const [stage] = stages;
  if (stage === undefined) return pick(arena.data, draw.extra);
  return pageNamed(wordAt(driver, entryAddress(stagePlaceOf(driver, stage, page, 1, false))));
}
