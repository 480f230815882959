import { iova, sourceId } from "../../events/address.ts";
import { PasidEntry } from "../../events/context/pasid-entry.ts";
import type { Access } from "../../events/input.ts";
import { arena, deviceSources } from "./arena.ts";
import type { Request, Stage } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, wordAt } from "./driver.ts";
import { canonicalPage, stagePlaceOf, usersOf } from "./first-stage-tables.ts";
import type { Draw } from "./mapping-commands.ts";
import { more, pageFrom } from "./mapping-commands.ts";
import type { Reach } from "./scalable-tables.ts";
import { pasids, reachesOf, types } from "./scalable-tables.ts";
import { entryAddress } from "./tables.ts";

/** PASIDs that no entry is made for. */
const strays = [3, 65, 4096, 8191, 8192, 0x7000, 0x10000, 0x80001, 0xfffff] as const;

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
  const execute = (draw >> 5) % (may("ere") ? 3 : 15) === 0;
  return { pasid, ...(privileged ? { privileged } : {}), ...(execute ? { execute } : {}) };
}

const recentCount = 6;

/** Whether a way is one that a recent request took. */
const isRecent =
  ({ recent }: Driver) =>
  ({ device, pasid }: Reach): boolean =>
    recent.some((one) => one.device === device && one.rights.pasid === pasid);

/** One of some ways: mostly one that a recent request took. */
function someWay(driver: Driver, ways: readonly Reach[], draw: number): Reach {
  const recent = draw % 4 === 3 ? [] : ways.filter(isRecent(driver));
  return pick(recent.length === 0 ? ways : recent, draw >> 2);
}

/** A request: mostly one that was made before, or one that a PASID entry serves. */
export function someRequest(
  driver: Driver,
  draw: Draw,
  wanted?: (reach: Reach) => boolean,
): Request {
  const { recent } = driver;
  const again = wanted === undefined && draw.what % 5 < 3 && recent.length > 2;
  if (again) return pick(recent, draw.where);
  const request = newRequest(driver, draw, wanted);
  recent.push(request);
  if (recent.length > recentCount) recent.splice(draw.how % recentCount, 1);
  return request;
}

/** The page of the other half of what tables translate, whose address differs in one bit. */
const twin = (levels: number, page: number): number =>
  canonicalPage(levels, page + 512 ** levels / 2);

function newRequest(
  driver: Driver,
  draw: Draw,
  wanted: (reach: Reach) => boolean = () => true,
): Request {
  const known = reachesOf(driver, wanted);
  const pageDraw = more(draw, 0);
  if (known.length === 0 || draw.where % 16 === 11) {
    const device = sourceId(pick(deviceSources, draw.what));
    const stray = draw.how % 3 === 0 ? pick(strays, draw.extra) : pick(pasids, draw.extra);
    const pasid = draw.what % 3 === 0 ? undefined : stray;
    const page = pageDraw % 2 === 0 ? pick(edges, pageDraw >> 1) : pageFrom(driver, pageDraw);
    return { device, page, rights: rightsOf(pasid, 0n, more(draw, 16)) };
  }
  const live = known.filter(({ binding }) => binding.present);
  const reach = pick(live.length === 0 || draw.where % 8 === 7 ? known : live, draw.where >> 3);
  const { device, pasid, binding } = reach;
  const rights = rightsOf(pasid, binding.bits, more(draw, 16));
  const around = draw.extra % 24;
  const away = around === 23 ? 1 : around === 22 ? 511 : 0;
  const near = pageFor(driver, reach, pageDraw) + away;
  const page =
    around === 21 || around === 20
      ? pick(edges, pageDraw)
      : around === 19
        ? twin(binding.stage.levels, near)
        : near;
  return { device: sourceId(device), page: Math.min(page, 2 ** 52 - 1), rights };
}

/** A use of a PASID entry by one of those that it serves. */
export function useEntry(driver: Driver, address: number, draw: number): void {
  const users = reachesOf(driver, (reach) => reach.address === address);
  if (users.length === 0) return;
  const reach = someWay(driver, users, draw);
  const { device, pasid } = reach;
  const at = iova(BigInt(pageFor(driver, reach, draw >> 3)) << 12n);
  const rights = pasid === undefined ? {} : { pasid };
  const access: Access = (draw >> 6) % 3 === 0 ? "write" : "read";
  emit(driver, { type: "Dma", device: sourceId(device), iova: at, access, ...rights, length: 4 });
}

/** Uses a page as one of those that the tables serve does. */
export function useStage(
  driver: Driver,
  stage: Stage,
  page: number,
  draw: number,
  wanted: (reach: Reach) => boolean = () => true,
): void {
  const users = usersOf(driver, stage).filter(wanted);
  if (users.length === 0) return;
  const { device, pasid } = someWay(driver, users, draw);
  const access: Access = (draw >> 6) % 3 === 0 ? "write" : "read";
  const rights = pasid === undefined ? {} : { pasid };
  const address = iova(BigInt(page) << 12n);
  const from = { device: sourceId(device), iova: address, access };
  emit(driver, { type: "Dma", ...from, length: 8, ...rights });
}
