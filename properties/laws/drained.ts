import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import type { Given } from "./device-book.ts";
import { follow as followDevices, newDeviceBook } from "./device-book.ts";
import type { AnyInvalidation } from "./first-invalidated.ts";
import { coveredFirst } from "./first-invalidated.ts";
import { coveredPages } from "./invalidated.ts";
import type { Count, Law } from "./law.ts";
import { newQueueBook, write as writeQueue } from "./queue-book.ts";
import { guestIndex, momentsOf } from "./run.ts";

type Entry = FactOf<"HostEntryChanged">;

/** A request that was translated and has not landed, and the host entry that it met. */
interface Flight {
  readonly request: FactOf<"DmaTranslated">;
  readonly entry: Entry | undefined;
  isCovered: boolean;
}

/** What facts said of a guest's host entries, and of requests on their way, by tag. */
interface FlightBook {
  readonly entries: Map<string, Entry>;
  readonly flights: Map<number, Flight>;
}

const newFlightBook = (): FlightBook => ({ entries: new Map(), flights: new Map() });

const entryName = (source: number, pasid: number | undefined): string => `${source}:${pasid}`;

/** Whether an invalidation covers the translation that a request in flight used. */
function isCovered({ request, entry }: Flight, fact: AnyInvalidation): boolean {
  // What a device's own TLB translated is that TLB's affair.
  if (entry === undefined || request.translated === true) return false;
  const page = pageOf(request.iova);
  const { did, tag, state, space } = entry;
  let range: readonly [number, number] | undefined;
  if (space !== undefined) range = coveredFirst(fact, { did, pasid: tag ?? 0 });
  else if (fact.type === "IotlbInvalidated" && (state === "shadowed" || state === "virtual")) {
    range = coveredPages(fact, did);
  }
  return range !== undefined && page >= range[0] && page < range[1];
}

/** Takes a fact into account. */
function write(book: FlightBook, fact: Fact, given: ReadonlyMap<number, Given>, count: Count) {
  const { entries, flights } = book;
  switch (fact.type) {
    case "HostEntryChanged":
      entries.set(entryName(fact.source, fact.pasid), fact);
      return;
    case "HostEntryDropped":
      entries.delete(entryName(fact.source, fact.pasid));
      return;
    case "DmaTranslated": {
      if (fact.tag === undefined) return;
      const requester = given.get(fact.device)?.requester ?? fact.device;
      const entry = entries.get(entryName(requester, fact.pasid));
      flights.set(fact.tag, { request: fact, entry, isCovered: false });
      return;
    }
    case "DmaLanded":
      if (fact.tag === undefined) return;
      count("flight was covered");
      flights.delete(fact.tag);
      return;
    case "IotlbInvalidated":
    case "PasidIotlbInvalidated":
      if (flights.size > 0) count("flight goes on");
      for (const flight of flights.values()) flight.isCovered ||= isCovered(flight, fact);
      return;
    case "UnitRestored":
      // What was in flight then is again, and nobody saw what it met.
      flights.clear();
      entries.clear();
      return;
    default:
      return;
  }
}

const nothing: ReadonlyMap<number, Given> = new Map();

export const nothingInFlight: Law = {
  id: "IV4",
  says:
    "When a wait completes, no device owes an answer and no DMA that an invalidation covered " +
    "is in flight.",
  sometimes: ["flight was covered", "flight goes on"],
  check(run, count) {
    const books = run.setup.guests.map(() => ({ ...newFlightBook(), queue: newQueueBook() }));
    const devices = newDeviceBook(run);
    for (const { fact, step, seq } of momentsOf(run)) {
      if (fact === undefined) {
        followDevices(devices, step);
        continue;
      }
      const index = guestIndex(fact);
      const book = books[index];
      if (book === undefined) continue;
      write(book, fact, devices[index] ?? nothing, count);
      writeQueue(book.queue, fact);
      if (fact.type !== "WaitCompleted") continue;
      const [owing] = book.queue.owed;
      if (owing !== undefined) {
        return { law: "IV4", seq, text: `${formatSourceId(owing.device)} owes an answer` };
      }
      const left = [...book.flights.values()].find((flight) => flight.isCovered);
      if (left === undefined) continue;
      const { device, iova } = left.request;
      const text = `${formatSourceId(device)} at ${hex(iova)} is still in flight`;
      return { law: "IV4", seq, text };
    }
    return undefined;
  },
};
