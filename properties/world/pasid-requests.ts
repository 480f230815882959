import { iova } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { arena, sources } from "./arena.ts";
import type { Request } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, emit, pick } from "./driver.ts";
import { open, stageWord } from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more } from "./mapping-commands.ts";
import { dma, issue } from "./outside-commands.ts";
import { someRequest } from "./requests.ts";
import type { Reach } from "./scalable-tables.ts";
import { bindingWord } from "./scalable-tables.ts";

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
  requestOnce(driver, draw);
  const [where, how] = [more(draw, 32), more(draw, 48)];
  requestOnce(driver, { ...draw, where, how, word: draw.word >> 8n });
};

function requestOnce(driver: Driver, draw: Draw): void {
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
}

/** A DMA with PASID of a unit without. */
export const strayDma: Command = (driver, draw) => requestOnce(driver, { ...draw, where: 11 });

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
