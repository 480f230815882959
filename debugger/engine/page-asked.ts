import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId, hex, iova, pageOf, parseSourceId } from "../../events/address.ts";
import type { Question } from "../../history/question.ts";
import type { UsedPage } from "../../history/use.ts";
import type { PageAsked } from "../protocol.ts";

/** What somebody typed is no device, or no address. */
export class AskedError extends Error {}

function deviceIn(text: string): SourceId {
  const device = parseSourceId(text.trim());
  if (device === undefined) throw new AskedError(`“${text.slice(0, 40)}” is no device: 00:04.0 is`);
  return device;
}

function numberIn(text: string, what: string): bigint {
  const trimmed = text.trim();
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(trimmed)) {
    throw new AskedError(`“${text.slice(0, 40)}” is no ${what}`);
  }
  return BigInt(trimmed);
}

/** The address that is asked about. @throws AskedError */
export const addressOf = (asked: PageAsked): Iova => iova(numberIn(asked.iova, "address"));

function pasidOf({ pasid }: PageAsked): number | undefined {
  return pasid.trim() === "" ? undefined : Number(numberIn(pasid, "PASID"));
}

/** The page that is asked about. @throws AskedError */
export const usedPageOf = (asked: PageAsked): UsedPage => ({
  guest: asked.guest,
  device: deviceIn(asked.device),
  page: pageOf(addressOf(asked)),
  pasid: pasidOf(asked),
});

/** The question that is asked, of the state after an event. @throws AskedError */
export function questionOf(asked: PageAsked, at: number): Question {
  const pasid = pasidOf(asked);
  return {
    ...{ guest: asked.guest, device: deviceIn(asked.device), iova: addressOf(asked), at },
    access: asked.access,
    ...(pasid === undefined ? {} : { pasid }),
  };
}

/** A page as it is asked about. */
export const askedOf = (
  { guest, device, page, pasid }: UsedPage,
  access: PageAsked["access"] = "read",
  address = BigInt(page) << 12n,
): PageAsked => ({
  ...{ guest, device: formatSourceId(device), access },
  iova: hex(address),
  pasid: pasid === undefined ? "" : hex(pasid),
});
