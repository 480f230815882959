import type { Gpa } from "../../events/address.ts";
import { gpa } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import { interruptEntryAddress } from "../../projections/interrupt/interrupt-entry.ts";
import type { Step } from "../step.ts";

/** Bytes of guest memory that an event says were read. */
export interface MemoryRead {
  readonly gpa: Gpa;
  readonly length: number;
}

/** How many bytes a read of a device took that has landed: of one in flight, it is kept. */
function lengthLanded({ before, input, facts }: Step, guest: number): number {
  if (input.type === "DmaComplete") {
    return before.guests[guest]?.inFlight[input.tag]?.length ?? 1;
  }
  const translated = facts.find(({ type }) => type === "DmaTranslated");
  return translated?.type === "DmaTranslated" ? translated.length : 1;
}

const entryLength = 16;

/** What a fact says was read: a descriptor, an interrupt entry, what a device asked for. */
export function memoryRead(step: Step, fact: Fact): MemoryRead | undefined {
  const index = fact.guest ?? 0;
  switch (fact.type) {
    case "DescriptorFetched": {
      // Fetching goes on within a step, but the queue stays where it is while it does.
      const address = step.after.guests[index]?.queue.address ?? 0n;
      const place = queueGeometry(address);
      return { gpa: gpa(place.base + BigInt(fact.head)), length: place.step };
    }
    case "InterruptEntryCached": {
      const table = step.after.guests[index]?.interruptTable;
      if (table === undefined) return undefined;
      return { gpa: gpa(interruptEntryAddress(table, fact.index)), length: entryLength };
    }
    case "DmaLanded":
      if (fact.access !== "read" || fact.gpa === undefined) return undefined;
      return { gpa: fact.gpa, length: lengthLanded(step, index) };
    default:
      return undefined;
  }
}
