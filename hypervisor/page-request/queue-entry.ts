import { iovaOfPage, pageOf } from "../../events/address.ts";
import {
  ExtendedPageRequest,
  extendedPageRequestBytes,
} from "../../events/page-request/extended-page-request.ts";
import {
  PageRequestEntry,
  pageRequestBytes,
} from "../../events/page-request/page-request-entry.ts";
import type { Device } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { PageRequest } from "./page-group.ts";

/** What both forms of an entry say alike. */
const fieldsOf = (request: PageRequest) => ({
  pp: request.pasid !== undefined,
  pasid: request.pasid ?? 0,
  exe: request.execute === true,
  pmr: request.privileged === true,
  rd: request.read,
  wr: request.write,
  lpig: request.last,
  prgi: request.group,
  addr: iovaOfPage(pageOf(request.iova)),
});

/** Bytes of an entry: of version 2.x, or of scalable mode. */
export const bytesOfEntry = ({ profile }: Guest): number =>
  profile.ecs ? extendedPageRequestBytes : pageRequestBytes;

/**
 * The entry as the unit writes it.
 *
 * Reading: no device of the model asks for a page stream response: SRR, BOF and private data are 0.
 */
function entryWord(guest: Guest, request: PageRequest, requester: number): bigint {
  if (guest.profile.ecs) {
    const place = { bus: requester >>> 8, devfn: requester & 0xff };
    return ExtendedPageRequest.encode({ ...fieldsOf(request), ...place });
  }
  return PageRequestEntry.encode({
    type: PageRequestEntry.fields.type.names.pageRequest,
    rid: requester,
    ...fieldsOf(request),
  });
}

/** Its bytes. */
export function entryBytes(guest: Guest, request: PageRequest, { requester }: Device): Uint8Array {
  const word = entryWord(guest, request, requester);
  return Uint8Array.from({ length: bytesOfEntry(guest) }, (_, index) =>
    Number((word >> BigInt(8 * index)) & 0xffn),
  );
}
