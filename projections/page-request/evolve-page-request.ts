import type { Fact, FactOf } from "../../events/fact.ts";
import { at } from "../../events/registers/offset.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { withValue } from "../registers/register-file.ts";
import { groupAfter, statusAfter } from "./page-requests.ts";

/** The queue's chart alone moves. */
const moved = (guest: Guest, fact: Fact): Guest => ({
  ...guest,
  pageRequests: statusAfter(guest.pageRequests, fact),
});

const queued = (guest: Guest, fact: FactOf<"PageRequestQueued">): Guest => ({
  ...moved(guest, fact),
  registers: withValue(guest.registers, at.pqt, BigInt(fact.tail)),
});

const grouped = (
  guest: Guest,
  fact: FactOf<"PageRequested"> | FactOf<"PageGroupAnswered">,
): Guest => ({ ...guest, pageRequests: groupAfter(guest.pageRequests, fact) });

/** What facts about page requests do. */
export const pageRequestEvolvers: Evolvers = {
  PageRequested: grouped,
  PageGroupAnswered: grouped,
  PageRequestQueued: queued,
  PageRequestsOverflowed: moved,
  PageRequestsCleared: moved,
  PageRequestOverflowCleared: moved,
};
