import { iova } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import { sources } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { emit, writeRegister } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import * as outside from "./outside-commands.ts";
import { someRequest } from "./requests.ts";
import { announceAll, responseWord } from "./scalable-queue.ts";

interface Asking {
  readonly pasid: number | undefined;
  readonly last: boolean;
  readonly stop?: boolean;
}

/** A group that meets another PASID's requests, a stop marker, answers too early and too late. */
export const groupMixed: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const { pasid } = rights;
  const other = pasid === undefined ? 1 : pasid === 1 ? 2 : 1;
  const group = draw.extra % 6;
  const ask = ({ pasid, last, stop = false }: Asking): void =>
    emit(driver, {
      ...{ type: "PageRequest", device, iova: iova(BigInt(page) << 12n), group, last },
      ...{ read: !stop, write: false },
      ...(pasid === undefined ? {} : { pasid }),
    });
  const rid = device === sources.behindBridge ? sources.bridge : device;
  const answer = (whose: number | undefined): void => {
    announceAll(driver, [responseWord({ rid, pasid: whose, rc: 0, group, last: true })], 1);
  };
  const intrude = (): void => {
    ask({ pasid: other, last: false });
    ask({ pasid: other, last: true, stop: true });
    answer(other);
  };
  ask({ pasid, last: false });
  intrude();
  ask({ pasid, last: true });
  intrude();
  ask({ pasid, last: true });
  answer(pasid);
};

/** The page-request queue overflows, with something new in it or not, and PPR and PRO go. */
export const requestsOverflow: Command = (driver, draw, manner) => {
  if (!driver.profile.pageRequests) return;
  const [ppr, pro] = [1n, 2n];
  const prs = (bits: bigint): void => writeRegister(driver, at.prs, 4, bits);
  const place = (head: number): void => {
    writeRegister(driver, at.pqh, 8, BigInt(32 * head));
    writeRegister(driver, at.pqt, 8, 0n);
  };
  const request = (shift: number): void => askForPage(driver, draw, shift);
  prs(ppr | pro);
  place(draw.how % 2 === 0 ? 1 : 2);
  for (let shift = 0; shift < 6; shift++) request(shift);
  prs(draw.what % 2 === 0 ? pro : ppr);
  place(draw.extra % 2 === 0 ? 64 : 1);
  for (let shift = 6; shift < 9; shift++) request(shift);
  prs(draw.what % 2 === 0 ? ppr : pro);
  place(64);
  if (draw.extra % 3 === 0) outside.dma(driver, draw, manner);
};

/** One page for a group of its own, by a device that a PASID entry serves. */
function askForPage(driver: Driver, draw: Draw, shift: number): void {
  const { device, page, rights } = someRequest(driver, { ...draw, where: draw.where >> shift });
  const { pasid } = rights;
  emit(driver, {
    ...{ type: "PageRequest", device, iova: iova(BigInt(page) << 12n), read: true, write: false },
    ...{ group: 8 + ((draw.extra + 9 * shift) % 200), last: true },
    ...(pasid === undefined ? {} : { pasid }),
  });
}
