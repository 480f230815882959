import { gpa, iovaOfPage, pageOf } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { Pqa, Prs } from "../../events/registers/page-request.ts";
import { pageRequestQueue } from "../../machines/page-request/page-request-queue.ts";
import type { Device } from "../../projections/device/devices.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { isKeptOut } from "../../projections/host/kept-out.ts";
import { stored } from "../../projections/registers/registers.ts";
import { entryOf } from "../device/dma.ts";
import { ofPasids } from "../device/recoverable.ts";
import { rightsError, rightsOf } from "../device/rights.ts";
import { clearing, raising, reportFault } from "../fault/fault.ts";
import { writePosted } from "../memory/guest-memory.ts";
import { invalidateIotlb, invalidatePasidIotlb } from "../queue/carry-out-invalidation.ts";
import { raise, withdraw } from "../registers/event-line.ts";
import type { Turn } from "../turn.ts";
import { advance, ask, guestIn, record, refuse } from "../turn.ts";
import type { PageRequest } from "./page-group.ts";
import { openGroup, respond, said } from "./page-group.ts";
import { bytesOfEntry, entryBytes } from "./queue-entry.ts";

/** The last of its group that asks for nothing: the device has stopped using its PASID. */
const isStopMarker = ({ read, write, last }: PageRequest): boolean => last && !read && !write;

function formError(request: PageRequest): string | undefined {
  const { read, write, execute } = request;
  const error = rightsError(request, false);
  if (error !== undefined) return error;
  if (execute === true && !read) return "what is executed is read";
  if (read || write) return undefined;
  if (!isStopMarker(request)) return "it asks for nothing and does not end its group";
  return request.pasid === undefined ? "a stop marker has a PASID" : undefined;
}

/** A request ends here; the last of a group is answered without software. */
function answerDropped(turn: Turn, request: PageRequest, response: "success" | "invalid"): void {
  if (request.last && !isStopMarker(request)) respond(turn, request, response, true);
}

/**
 * Why a request does not reach the queue, and the entry whose FPD counts.
 *
 * Order of checks: mode, root and context entry, the PASID (45h, 46h, 48h, 89h), PRE (47h),
 * directory and PASID entry.
 *
 * Reading: the unit's own limit of PASIDs (89h) counts for page requests too.
 *
 * Reading: in version 2.x P or PRE of the context entry clear is 30h, as 2.5 has it; so is a page
 * request under a regular root table.
 */
function refusal(turn: Turn, entry: HostEntry | undefined): number {
  const { rootPointer, profile } = guestIn(turn);
  const { ttm } = Rtaddr.decode(rootPointer);
  const disabled = profile.ecs ? reason.rootTableInvalid : reason.pageRequestDisabled;
  if (ttm === Rtaddr.fields.ttm.names.legacy) {
    return profile.ecs ? disabled : reason.legacyPageRequest;
  }
  if (entry?.state === "blocked" && entry.tag === undefined) {
    const isAbsent = profile.ecs && entry.reason === reason.contextNotPresent;
    const isEarly = ofPasids.has(entry.reason) && !entry.pri;
    return isAbsent || isEarly ? disabled : entry.reason;
  }
  if (entry?.pri !== true) return disabled;
  return entry.state === "blocked" ? entry.reason : 0;
}

/**
 * What is cached of the page goes before software is asked for it: of a first stage by PASID, under
 * nesting all of the domain, else by domain-id.
 */
function forgetPage(turn: Turn, request: PageRequest, entry: HostEntry | undefined): void {
  // Requests without PASID of version 2.x have no tag.
  if (entry === undefined || (entry.tag === undefined && !guestIn(turn).profile.ecs)) return;
  const { did, tag: pasid = 0 } = entry;
  const page = {
    scope: "page",
    did,
    iova: iovaOfPage(pageOf(request.iova)),
    length: 4096n,
  } as const;
  const stage = entry.space === undefined ? undefined : guestIn(turn).spaces[entry.space];
  if (stage === undefined) invalidateIotlb(turn, { type: "IotlbInvalidated", ...page });
  else if (isNested(stage))
    invalidateIotlb(turn, { type: "IotlbInvalidated", scope: "domain", did });
  else invalidatePasidIotlb(turn, { ...page, pasid });
}

/** Whether a first stage lies over a second one of the guest's. */
const isNested = ({ shadow, second }: Space): boolean =>
  shadow !== undefined || second !== undefined;

/**
 * Puts a valid request into the queue, or drops it. Order: PRO set, the queue full, else what is
 * cached of the page is forgotten and the request written at the tail. The event arises when
 * neither PPR nor PRO was set.
 *
 * Reading: the last of a group that is dropped for overflow is answered with success, so that the
 * device asks for its translation, and then for the page, again; as in the RISC-V IOMMU.
 *
 * Reading: an entry that memory does not take is lost like other posted writes, and counts.
 */
function enqueue(turn: Turn, request: PageRequest, device: Device, entry?: HostEntry): void {
  const guest = guestIn(turn);
  const { state } = guest.pageRequests;
  const { pqs, pqa } = Pqa.decode(stored(guest, at.pqa));
  const size = 4096 * 2 ** pqs;
  const [tail, head] = [at.pqt, at.pqh].map((one) => Number(stored(guest, one)) % size);
  const place = { head: head ?? 0, tail: tail ?? 0, size, bytes: bytesOfEntry(guest) };
  const stimulus = { type: "Request", said: said(request), ...place } as const;
  const facts = ask(turn, pageRequestQueue, state, stimulus);
  const isQueued = facts[0]?.type === "PageRequestQueued";
  if (isQueued) {
    forgetPage(turn, request, entry);
    writePosted(turn, gpa(pqa + BigInt(place.tail)), entryBytes(guest, request, device));
  }
  const take = (): void => {
    for (const fact of facts) record(turn, fact);
  };
  // In version 2.x an overflow is a condition of FSTS.
  if (guest.profile.ecs) raising(turn, take);
  else take();
  if (!isQueued) answerDropped(turn, request, "success");
  if (state === "quiet" && (isQueued || !guest.profile.ecs)) raise(turn, "pageRequest");
}

/** Whether the unit does not take a request, for what is known of it so far; it is dropped then. */
function isDropped(turn: Turn, request: PageRequest, { requester }: Device, fault = 0): boolean {
  const guest = guestIn(turn);
  const facts = ask(turn, pageRequestQueue, guest.pageRequests.state, {
    type: "Arrive",
    said: said(request),
    supported: guest.profile.pageRequests,
    translating: guest.charts.translation === "enabled",
    keptOut: isKeptOut(guest, requester, request.pasid),
    fault,
  });
  for (const fact of facts) record(turn, fact);
  if (facts.length > 0) answerDropped(turn, request, "invalid");
  return facts.length > 0;
}

/**
 * A device asks software for a page.
 *
 * Reading: with translation off, and by a unit without page requests, it is dropped, and the last
 * of a group answered as invalid; nothing is reported.
 */
export function requestPage(turn: Turn, request: PageRequest): void {
  const guest = guestIn(turn);
  const device = deviceAt(guest, request.device);
  const error = formError(request);
  if (error !== undefined || device === undefined) {
    refuse(turn, `page request: ${error ?? "there is no such device"}`);
    return;
  }
  if (!openGroup(turn, request, isStopMarker(request))) return;
  if (isDropped(turn, request, device)) return;
  const entry = entryOf(turn, device.requester, request.pasid);
  const fault = refusal(turn, entry);
  if (!isDropped(turn, request, device, fault)) {
    enqueue(turn, request, device, entry);
    return;
  }
  const access = request.write ? "write" : "read";
  const fpd = entry?.fpd === true;
  const page = pageOf(request.iova);
  const rights = { ...rightsOf(request), request: "page" } as const;
  reportFault(turn, { source: device.requester, reason: fault, page, access, fpd, rights });
}

/** Software wrote 1 to PPR, PRO or both; the event that is pending for them goes with the last. */
export function clearPageRequests(turn: Turn, written: bigint): void {
  const { ppr, pro } = Prs.decode(written);
  const { pageRequests, profile } = guestIn(turn);
  if (pageRequests.state === "quiet") return;
  if (ppr) clear(turn, "ClearPending");
  if (pro) clear(turn, "ClearOverflow");
  const { state } = guestIn(turn).pageRequests;
  if (state === "quiet" || (profile.ecs && state === "overflowed")) withdraw(turn, "pageRequest");
}

const clear = (turn: Turn, type: "ClearPending" | "ClearOverflow"): void =>
  advance(turn, pageRequestQueue, guestIn(turn).pageRequests.state, { type });

/** Software wrote 1 to FSTS.PRO, which is a condition of faults in version 2.x. */
export function clearPageOverflow(turn: Turn): void {
  if (guestIn(turn).profile.ecs) clearing(turn, () => clear(turn, "ClearOverflow"));
}
