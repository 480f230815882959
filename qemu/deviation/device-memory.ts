import { pageOf } from "../../events/address.ts";
import { interruptEntryAddress } from "../../projections/interrupt/interrupt-entry.ts";
import { find } from "../../properties/laws/requests.ts";
import { isDevicePage } from "../../target/defined-input.ts";
import type { Deviation } from "../../target/deviation.ts";
import { entriesRead, walksOf } from "../../target/table-view.ts";
import { dmaDeviation } from "./dma-situation.ts";

/** The pages of devices that a request's tables lie in, by memory or as remembered. */
const tableAtDevice = dmaDeviation("table-in-device-memory", (situation) => {
  const { input, before, past, source } = situation;
  const read = entriesRead(before, source).map(({ address }) => pageOf(address));
  const walks = walksOf(before, source, input.iova, past.contexts);
  const unread = walks.flatMap((walk) => walk.unread ?? []);
  return [...read, ...unread].some(isDevicePage) ? "end" : undefined;
});

/** The same of interrupt tables, which cannot be read there: 23h. */
const entryAtDevice: Deviation = {
  id: "table-in-device-memory",
  explains: ({ what, before, facts }) => {
    const blocked = find(facts, "InterruptBlocked");
    if (what !== "register" && what !== "interrupt") return undefined;
    if (blocked?.reason !== 0x23 || blocked.index === undefined) return undefined;
    const address = interruptEntryAddress(before.interruptTable, blocked.index);
    return isDevicePage(pageOf(address)) ? "end" : undefined;
  },
};

/** Tables that lie where a device is, and not memory. */
export const tableInDeviceMemory: Deviation = {
  id: "table-in-device-memory",
  explains: (situation) => tableAtDevice.explains(situation) ?? entryAtDevice.explains(situation),
};
