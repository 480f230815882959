import { iova, sourceId } from "../../../events/address.ts";
import type { Access } from "../../../events/input.ts";
import { ExtendedGroupResponseDescriptor } from "../../../events/queue/extended-layouts.ts";
import { at } from "../../../events/registers/offset.ts";
import { deviceSources } from "../arena.ts";
import type { Driver } from "../driver.ts";
import { bytesOf, emit, pick, writeRegister } from "../driver.ts";
import { hostAffairsOf } from "../host-commands.ts";
import type { Command, Draw } from "../mapping-commands.ts";
import { submitAll } from "./commands.ts";
import { lower, pages, pasids, strays } from "./tables.ts";

interface Asked {
  readonly device: ReturnType<typeof sourceId>;
  readonly page: number;
  readonly rights: {
    readonly pasid?: number;
    readonly privileged?: boolean;
    readonly execute?: boolean;
  };
}

/** A request: mostly of a PASID and a page that tables have. */
function someRequest(driver: Driver, draw: Draw): Asked {
  const device = sourceId(pick(deviceSources, draw.where));
  if (draw.what % 3 === 0) {
    const page = pick([...lower, 24, 25, 0xfee00, 2 ** 27, 2 ** 36], draw.what >> 2);
    return { device, page, rights: {} };
  }
  const pasid = draw.what % 11 === 10 ? pick(strays, draw.how) : pick(pasids, draw.what >> 2);
  const page = pick([...pages, 0, 1, 2, 0, 1, 2, 0xfee00, 2 ** 36], draw.where >> 3);
  const { supervisorRequests, executeRequests } = driver.profile;
  const privileged = draw.how % (supervisorRequests ? 3 : 13) === 0;
  const execute = (draw.how >> 4) % (executeRequests ? 4 : 13) === 0;
  return {
    device,
    page,
    rights: { pasid, ...(privileged && { privileged }), ...(execute && { execute }) },
  };
}

const byteOf = (page: number, draw: number) =>
  iova(BigInt.asUintN(64, BigInt(page) << 12n) + BigInt((draw % 64) * 8));

/** What the host's kernel and hardware do beside the guest. */
export const hostAffairs: Command = hostAffairsOf((driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  return { device, page, whose: rights.pasid === undefined ? {} : { pasid: rights.pasid } };
});

export const dma: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const access: Access = draw.extra % 3 === 0 && rights.execute !== true ? "write" : "read";
  const bytes = access === "write" ? { bytes: bytesOf(draw.word, 8) } : {};
  const common = { device, iova: byteOf(page, draw.extra), access, length: 8, ...rights, ...bytes };
  if (draw.extra % 7 !== 6) {
    emit(driver, { type: "Dma", ...common });
    return;
  }
  emit(driver, { type: "DmaIssue", tag: driver.nextTag, ...common });
  driver.nextTag += 1;
};

export const ats: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const access: Access = draw.extra % 3 === 0 && rights.execute !== true ? "write" : "read";
  const address = byteOf(page, 0);
  emit(driver, { type: "AtsRequest", device, iova: address, access, ...rights });
  if (draw.extra % 2 === 0) return;
  const plain = rights.pasid === undefined ? {} : { pasid: rights.pasid };
  emit(driver, {
    type: "Dma",
    device,
    iova: address,
    access,
    length: 8,
    ...plain,
    translated: true,
  });
};

export const pageRequest: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const group = draw.extra % 6;
  const write = draw.how % 3 === 0;
  const last = draw.what % 4 !== 3;
  emit(driver, {
    type: "PageRequest",
    device,
    iova: byteOf(page, 0),
    ...rights,
    read: true,
    write,
    group,
    last,
  });
  driver.groups.push({ device, pasid: rights.pasid, group });
};

export const pageResponse: Command = (driver, draw) => {
  const known = driver.groups.at(-1 - (draw.where % 3)) ?? driver.groups.at(-1);
  if (known === undefined) return;
  const { pasid } = known;
  const rc = [0, 0, 1, 15, 3][draw.what % 5] ?? 0;
  const word = ExtendedGroupResponseDescriptor.encode({
    ...{ type: 9, pp: pasid !== undefined, rid: known.device, pasid: pasid ?? 0, rc },
    prgi: known.group,
  });
  submitAll(driver, [word], draw.extra);
};

export const pageQueue: Command = (driver, draw) => {
  if (!driver.profile.pageRequests) return;
  if (draw.what % 2 === 0) writeRegister(driver, at.prs, 4, 1n);
  if (draw.what % 3 === 0) writeRegister(driver, at.fsts, 4, 0x80n);
  if (draw.how % 2 === 0) writeRegister(driver, at.pqh, 8, BigInt((draw.extra % 4) * 16));
  if (draw.how % 5 === 4) writeRegister(driver, at.pqt, 8, BigInt(((draw.extra >> 2) % 4) * 16));
};
