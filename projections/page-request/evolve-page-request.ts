import type { Fact, FactOf } from "../../events/fact.ts";
import { at } from "../../events/registers/offset.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { withValue } from "../registers/registers.ts";
import { groupAfter, statusAfter } from "./page-requests.ts";

/** The queue's chart alone moves. */
function move(guest: Draft<Guest>, fact: Fact): void {
  guest.pageRequests = statusAfter(guest.pageRequests, fact);
}

function queue(guest: Draft<Guest>, fact: FactOf<"PageRequestQueued">): void {
  move(guest, fact);
  guest.registers = withValue(guest.registers, at.pqt, BigInt(fact.tail));
}

function moveGroup(
  guest: Draft<Guest>,
  fact: FactOf<"PageRequested"> | FactOf<"PageGroupAnswered">,
): void {
  guest.pageRequests = groupAfter(guest.pageRequests, fact);
}

/** What facts about page requests do. */
export const pageRequestEvolvers: Evolvers = {
  PageRequested: moveGroup,
  PageGroupAnswered: moveGroup,
  PageRequestQueued: queue,
  PageRequestsOverflowed: move,
  PageRequestsCleared: move,
  PageRequestOverflowCleared: move,
};
