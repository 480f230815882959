import type { SourceId } from "../../events/address.ts";
import { iova, sourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { PasidEntry } from "../../events/pasid-entry.ts";
import { arena, deviceSources, sources } from "./arena.ts";
import type { Driver, Stage } from "./driver.ts";
import { bytesOf, emit, pick, wordAt } from "./driver.ts";
import { canonicalPage, open, stagePlaceOf, stageWord } from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more, pageFrom } from "./mapping-commands.ts";
import { dma, issue } from "./outside-commands.ts";
import type { Reach } from "./scalable-tables.ts";
import { bindingWord, pasids, reachesOf, types } from "./scalable-tables.ts";
import { entryAddress } from "./tables.ts";

/** Who asks for which page, and what for. */
interface Request {
  readonly device: SourceId;
  readonly page: number;
  readonly rights: {
    readonly pasid?: number;
    readonly privileged?: boolean;
    readonly execute?: boolean;
  };
}

/** PASIDs that no entry is made for. */
const strays = [3, 65, 4096, 8191, 8192, 0x7000, 0x10000, 0xfffff] as const;

/** Pages that are odd for one kind of translation or another. */
const edges = [
  0xfee00,
  0xfeeff,
  0xfedff,
  2 ** 27,
  2 ** 35,
  2 ** 44,
  2 ** 52 - 1,
  2 ** 52 - 2 ** 35 - 1,
  2 ** 34,
  2 ** 33,
] as const;

/** A page that the tables of a PASID entry translate, as far as the driver knows. */
function pageFor(driver: Driver, { binding }: Reach, draw: number): number {
  const { pgtt, stage, domain } = binding;
  if (pgtt === types.passThrough) return pick([...arena.data, ...arena.pasidTables], draw);
  if (pgtt === types.secondStage) {
    const own = driver.mapped.filter(({ did }) => did === domain.did);
    return own.length === 0 ? pick(arena.data, draw) : pick(own, draw).page;
  }
  const own = driver.scalable.mapped.filter((one) => one.stage.root === stage.root);
  if (own.length === 0) return canonicalPage(stage.levels, pageFrom(driver, draw));
  const first = pick(own, draw).page;
  if ((draw >> 4) % 4 === 3 || isMapped(driver, stage, first)) return first;
  return own.find(({ page }) => isMapped(driver, stage, page))?.page ?? first;
}

/** Whether a page is mapped as far as the driver knows. */
function isMapped(driver: Driver, stage: Stage, page: number): boolean {
  const place = stagePlaceOf(driver, stage, page, 1, false);
  return (wordAt(driver, entryAddress(place)) & 1n) === 1n;
}

/** What a request with PASID asks for: more often what its entry allows. */
function rightsOf(pasid: number | undefined, bits: bigint, draw: number): Request["rights"] {
  if (pasid === undefined) return {};
  const may = (flag: "sre" | "ere"): boolean => (bits & PasidEntry.mask(flag)) !== 0n;
  const privileged = draw % (may("sre") ? 3 : 13) === 0;
  const execute = (draw >> 5) % (may("ere") ? 4 : 15) === 0;
  return { pasid, ...(privileged ? { privileged } : {}), ...(execute ? { execute } : {}) };
}

/** A request: mostly one that a PASID entry serves. */
export function someRequest(
  driver: Driver,
  draw: Draw,
  wanted: (reach: Reach) => boolean = () => true,
): Request {
  const known = reachesOf(driver, wanted);
  const pageDraw = more(draw, 0);
  if (known.length === 0 || draw.where % 12 === 11) {
    const device = sourceId(pick(deviceSources, draw.what));
    const stray = draw.how % 3 === 0 ? pick(strays, draw.extra) : pick(pasids, draw.extra);
    const pasid = draw.what % 5 === 0 ? undefined : stray;
    const page = pageDraw % 2 === 0 ? pick(edges, pageDraw >> 1) : pageFrom(driver, pageDraw);
    return { device, page, rights: rightsOf(pasid, 0n, more(draw, 16)) };
  }
  const live = known.filter(({ binding }) => binding.present);
  const reach = pick(live.length === 0 || draw.where % 8 === 7 ? known : live, draw.where >> 3);
  const { device, pasid, binding } = reach;
  const rights = rightsOf(pasid, binding.bits, more(draw, 16));
  const around = draw.extra % 24;
  const away = around === 23 ? 1 : around === 22 ? 511 : 0;
  const page = around === 21 ? pick(edges, pageDraw) : pageFor(driver, reach, pageDraw) + away;
  return { device: sourceId(device), page: Math.min(page, 2 ** 52 - 1), rights };
}

/** Eight bytes that mean something in a table: a first-stage entry or a part of a PASID entry. */
function payload(driver: Driver, draw: Draw): Uint8Array {
  const known = [...driver.scalable.bindings.values()];
  if (draw.extra % 3 === 0 || known.length === 0) return bytesOf(draw.word, 8);
  const tables = [...arena.firstStage, ...arena.data, ...arena.pasidTables];
  if (draw.extra % 3 === 1) return bytesOf(stageWord(pick(tables, draw.what), open), 8);
  const word = bindingWord(pick(known, draw.what));
  return bytesOf(BigInt.asUintN(64, word >> BigInt(64 * (draw.how % 3))), 8);
}

const accessOf = ({ how }: Draw, { rights }: Request): Access =>
  how % 5 < 2 && rights.execute !== true ? "write" : "read";

const addressOf = ({ page }: Request, offset: number) =>
  iova((BigInt(page) << 12n) + BigInt(offset));

/** In legacy mode requests have no PASID, but for a few. */
const isLegacy = (driver: Driver, { what }: Draw): boolean =>
  driver.profile.smts && !driver.isScalable && what % 8 !== 7;

/** A DMA with PASID or without; a write may be one into a table. */
export const pasidDma: Command = (driver, draw, manner) => {
  if (isLegacy(driver, draw)) {
    dma(driver, draw, manner);
    return;
  }
  const request = someRequest(driver, draw);
  const access = accessOf(draw, request);
  const { device, rights } = request;
  const at = addressOf(request, ((draw.extra >> 3) % 64) * 8);
  if (access === "read") {
    const said = draw.extra % 7 === 6 ? {} : { access };
    emit(driver, { type: "Dma", device, iova: at, ...said, ...rights, length: 8 });
    return;
  }
  const bytes = payload(driver, draw);
  emit(driver, { type: "Dma", device, iova: at, access, ...rights, length: 8, bytes });
};

/** A DMA with PASID of a unit without. */
export const strayDma: Command = (driver, draw) => pasidDma(driver, { ...draw, where: 11 }, "none");

/** The same page asked for twice or more, in several ways. */
export const pasidBurst: Command = (driver, draw) => {
  const request = someRequest(driver, draw);
  const { device, rights } = request;
  const at = addressOf(request, 0);
  const { pasid, privileged } = rights;
  const variants = [
    { access: "read" },
    { access: "write" },
    ...(pasid === undefined ? [] : [{ access: "read", execute: true } as const]),
  ] as const;
  for (const variant of variants) {
    const asked = {
      ...(pasid === undefined ? {} : { pasid }),
      ...(privileged ? { privileged } : {}),
    };
    emit(driver, { type: "Dma", device, iova: at, ...variant, ...asked, length: 1 });
  }
};

/** A DMA with PASID or without that is translated now and lands later. */
export const pasidIssue: Command = (driver, draw, manner) => {
  if (isLegacy(driver, draw)) {
    issue(driver, draw, manner);
    return;
  }
  const request = someRequest(driver, draw);
  const access = accessOf(draw, request);
  const tag = driver.nextTag;
  driver.nextTag += 1;
  const { device, rights } = request;
  const bytes = access === "write" ? { bytes: payload(driver, draw) } : {};
  const at = addressOf(request, ((draw.extra >> 3) % 64) * 8);
  emit(driver, { type: "DmaIssue", tag, device, iova: at, access, ...rights, length: 8, ...bytes });
};

/** A device model asks for a page of a PASID. */
export const pasidAsk: Command = (driver, draw) => {
  const isVirtual = ({ device }: Reach): boolean => device === sources.virtual;
  const request = someRequest(driver, draw, draw.what % 16 === 15 ? undefined : isVirtual);
  const { device, rights } = request;
  const access = pick([{}, { access: "read" }, { access: "write" }] as const, draw.how);
  const asked =
    "access" in access && access.access === "write" ? { ...rights, execute: false } : rights;
  emit(driver, {
    type: "DeviceTranslate",
    device,
    iova: addressOf(request, 8),
    ...access,
    ...asked,
  });
};
